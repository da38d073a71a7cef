// Sweeps on a real Slurm: jobs whose submission was cut short, that are stopped, refused, or out of time.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJob } from '../../src/run_files/job.ts';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';
import { Cluster, whyNoSlurm } from './cluster.ts';
import { replaceProgram, runsOf, stepsIn, submissions } from './support.ts';

let cluster: Cluster;
beforeAll(async () => {
  if (whyNoSlurm !== null) return;
  cluster = await Cluster.start(4);
  Object.assign(process.env, cluster.environment);
});
afterAll(async () => {
  delete process.env.SLURM_CONF;
  await cluster?.stop();
});

const onSlurm = (fields = '') => `execution: {executor: {builder: slurm, poll_s: 2${fields}}}\n`;

describe.skipIf(whyNoSlurm !== null)('a sweep on Slurm', () => {
  it('finds the jobs of a sweep that died before it heard what sbatch had to say', async () => {
    const sweep = await ToySweep.create(`grid: {rate: [0.1, 0.2, 0.3]}\n${onSlurm()}`);
    await replaceProgram(
      'sbatch',
      `[ "$1" = --version ] || { "$real" "$@" > /dev/null; kill -9 $PPID; }; exec "$real" --version`,
    );
    const first = sweep.start('sweep', 'sweep.yaml');
    expect(await first.ended()).toBe('SIGKILL');
    const { value } = await readJob((await runsOf(sweep))[0]?.directory ?? '');
    expect(value).toMatchObject({ executor: 'slurm', handle: null });
    expect(await sweep.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    expect(await submissions(sweep)).toHaveLength(1);
    expect(await sweep.states()).toContain('rate=0.2: done, attempt 1');
  });

  it('does not call sbatch again where one that failed has submitted after all', async () => {
    const sweep = await ToySweep.create(`grid: {rate: [0.1, 0.2]}\n${onSlurm()}`);
    await replaceProgram(
      'sbatch',
      `[ "$1" = --version ] && exec "$real" --version
echo >> "$count"; "$real" "$@" > /dev/null; echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1`,
    );
    const [directory = ''] = (process.env.PATH ?? '').split(':');
    expect(await sweep.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    expect(await readFile(join(directory, 'count'), 'utf8')).toBe('\n');
    const listing = await cluster.ask('squeue', '--states=all', '--array', '--noheader', '--format=%j');
    const [{ directory: run = '' } = {}] = await runsOf(sweep);
    const { value } = await readJob(run);
    expect(listing.split('\n').filter((name) => name === `cookbook-${value?.submission}`)).toHaveLength(2);
  });

  it('saves what runs and takes what waits from the queue where it is asked to stop, and goes on later', async () => {
    const sweep = await ToySweep.create(
      `grid: {rate: [0.1, 0.2, 0.3]}\n${onSlurm(', array_parallelism: 1')}`,
      'fate: wait\n',
    );
    const first = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    first.signal('SIGINT');
    expect(await first.ended()).toBe(3);
    expect(await cluster.ask('squeue', '--noheader', '--states=PENDING,RUNNING')).toBe('');
    expect((await runsOf(sweep)).map(({ status }) => status?.state).sort()).toEqual([
      'interrupted',
      'pending',
      'pending',
    ]);
    await writeFile(join(sweep.directory, 'diary.jsonl.go'), '');
    expect(await sweep.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    for (const run of await runsOf(sweep)) expect(await stepsIn(run)).toEqual([0, 1, 2, 3]);
  });

  it('ends a run whose time limit leaves no time for a checkpoint, and says so', async () => {
    const sweep = await ToySweep.create(
      `grid: {fate: [wait]}\n${onSlurm(', timeout_min: 1, signal_delay_s: 55')}`,
      'save_every: 10\n',
    );
    const { code, stdout } = await sweep.run('sweep', 'sweep.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('the time limits of two jobs were over before a checkpoint could be saved');
  });

  it('says what Slurm says where it refuses a job, and submits the run once it no longer does', async () => {
    const sweep = await ToySweep.create(`grid: {rate: [0.1, 0.2]}\n${onSlurm(', partition: nowhere')}`);
    const { code, stdout } = await sweep.run('sweep', 'sweep.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('invalid partition specified: nowhere');
    expect(await sweep.run('sweep', 'sweep.yaml', 'execution.executor.partition=main')).toMatchObject({ code: 0 });
  });

  it('takes names for names', async () => {
    const sweep = await ToySweep.create(`grid: {rate: [0.1]}\n${onSlurm(", setup: ['export SAID=it']")}`);
    const place = `runs/it's $(touch pwned) %A "x" ;&\\`;
    const { code, stderr } = await sweep.run('sweep', 'sweep.yaml', `log_path=${place}`);
    expect({ code, pwned: existsSync(join(sweep.directory, 'pwned')), stderr }).toMatchObject({
      code: 0,
      pwned: false,
    });
  });
});
