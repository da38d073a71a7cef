import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJob } from '../../src/run_files/job.ts';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';
import { Cluster, whyNoSlurm } from './cluster.ts';
import { jobsOf, runsOf, stepsIn } from './support.ts';

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

/** Array id and task of a run, as Slurm knows it. */
async function jobOf(directory: string): Promise<string> {
  const { value } = await readJob(directory);
  return `${value?.handle?.array_job_id}_${value?.index}`;
}

describe.skipIf(whyNoSlurm !== null)('a sweep on Slurm', () => {
  it('has each run done once, whatever breaks, and loses nothing', async () => {
    // 49 that are short, and the last one, which waits until its time is up.
    const sweep = await ToySweep.create(
      `grid: {size: [1, 2, 3, 4, 5, 6, 7], rate: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}
include: [{fate: wait}]
${onSlurm(', timeout_min: 1, signal_delay_s: 1')}`,
    );
    const total = 50;
    const untilDone = (runs: number) => sweep.until(async () => (await sweep.finished()).length >= runs);
    const find = async (part: string) => {
      const found = (await runsOf(sweep)).find(({ directory }) => basename(directory).startsWith(part));
      if (found === undefined) throw new Error(`there is no run ${part}`);
      return found;
    };

    const first = sweep.start('sweep', 'sweep.yaml');
    await untilDone(4);
    await cluster.killBusyNode();
    cluster.startNode();
    await untilDone(10);

    await cluster.killController();
    await first.kill('SIGKILL');
    // Typed while nobody answers, and a second time while the first one goes on.
    const second = sweep.start('sweep', 'sweep.yaml');
    const third = sweep.start('sweep', 'sweep.yaml', '--json');
    cluster.startController();
    await untilDone(16);

    const cancelled = await find('size=7,rate=0.6');
    expect(cancelled.status?.state).toBe('pending');
    await cluster.ask('scancel', await jobOf(cancelled.directory));
    await untilDone(24);
    await cluster.killBusyNode();
    cluster.startNode();

    await untilDone(total - 2);
    await sweep.until(async () => (await find('fate=wait')).status?.state === 'interrupted');
    await writeFile(join(sweep.directory, 'diary.jsonl.go'), '');
    expect([await second.ended(), await third.ended()]).toEqual([3, 3]);
    expect(JSON.parse(await third.rest())).toMatchObject({
      states: { done: total - 1, pending: 1, failed: 0 },
      not_done: [{ directory: cancelled.directory, state: 'pending', error: null }],
    });
    expect(await sweep.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    // Nothing was handed over again but what Slurm itself had ended, or lost.
    const jobs = await jobsOf(sweep, cluster);
    expect(jobs.size).toBe(total);
    for (const states of jobs.values()) {
      // None at all where its node died just after its last word: Slurm has such a job requeued, and then it finds nothing to do.
      const others = states.filter((state) => !['CANCELLED', 'NODE_FAIL', 'TIMEOUT', 'FAILED'].includes(state));
      expect(others.length).toBeLessThanOrEqual(1);
    }
    expect(jobs.get(basename(cancelled.directory))).toContain('COMPLETED');
    expect([...jobs.values()].filter((states) => states.length > 1).length).toBeLessThan(total / 4);

    const runs = await runsOf(sweep);
    expect(runs.map(({ status }) => status?.state)).toEqual(Array.from({ length: total }, () => 'done'));
    for (const run of runs) expect(await stepsIn(run)).toEqual([0, 1, 2, 3]);
    // Nobody has begun a run that was done.
    const diary = await sweep.diary();
    for (const { directory } of runs) {
      const own = diary.filter(({ run }) => run === basename(directory));
      expect(own.at(-1)).toMatchObject({ event: 'step', step: 3 });
      expect(own.filter(({ event, step }) => event === 'step' && step === 3)).toHaveLength(1);
    }
    expect((await find('fate=wait')).status?.attempt).toBeGreaterThan(1);
  });
});
