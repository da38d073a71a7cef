// What a sweep makes of Slurm's words, and what it hands to Slurm: the pure parts, without a cluster (that is test/slurm).

import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { complete } from '../../../src/registry/complete.ts';
import { shapeOf } from '../../../src/registry/shape.ts';
import { pendingStatus } from '../../../src/run_files/status.ts';
import type { RunStatus } from '../../../src/run_files/types.ts';
import { batchScript, sbatchArguments } from '../../../src/sweep/executors/slurm/batch.ts';
import { ranges } from '../../../src/sweep/executors/slurm/cancel.ts';
import { checkSlurmFields, type SlurmFields, slurmParams } from '../../../src/sweep/executors/slurm/fields.ts';
import { parseListing } from '../../../src/sweep/executors/slurm/queue.ts';
import { arrayIn, clusterOf } from '../../../src/sweep/executors/slurm/submitter.ts';
import { endOf, hasOwnWord, isHeldBack, seemsOver, standingOf } from '../../../src/sweep/executors/slurm/verdict.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';

const SUBMISSION = '898451b2-f0fe-4722-8bae-45884b471b35';

const DEFAULTS: SlurmFields = {
  timeout_min: null,
  signal_delay_s: 90,
  cpus_per_task: null,
  gpus_per_node: null,
  tasks_per_node: null,
  mem_gb: null,
  partition: null,
  qos: null,
  account: null,
  constraint: null,
  gres: null,
  array_parallelism: null,
  max_submitted: null,
  setup: [],
  srun_args: [],
  additional_parameters: {},
  poll_s: 10,
};

function fields(given: Partial<SlurmFields> = {}): SlurmFields {
  return { ...DEFAULTS, ...given };
}

it('leaves to the cluster what a spec does not say', () => {
  expect(complete(shapeOf(slurmParams), {})).toEqual(DEFAULTS);
});

describe('the queue', () => {
  it.each([
    ['PENDING', 'launch failed requeued held', true],
    ['PENDING', 'launch_failed_requeued_held', true],
    // A person has held it, and releases it.
    ['PENDING', 'JobHeldUser', false],
    ['PENDING', 'Resources', false],
    ['RUNNING', 'None', false],
  ])('tells a job that could not be launched: %s for %s', (state, reason, isHeld) => {
    const listing = parseListing(`17|0|${state}|cookbook-${SUBMISSION}|${reason}`);
    expect(isHeldBack(standingOf(listing.get(SUBMISSION), 0))).toBe(isHeld);
  });

  const line = (task: number | 'N/A', state: string, array = 17) =>
    `${array}|${task}|${state}|cookbook-${SUBMISSION}|None`;

  it('is read by submission and task, and what is not ours is passed over', () => {
    const text = [
      line(0, 'RUNNING'),
      line('N/A', 'CANCELLED'),
      '18|N/A|RUNNING|bash|None',
      '19|0|RUNNING|cookbook-mine|None',
      'slurm_load_jobs error: Invalid job id specified',
      `17|1|FAILED|cookbook-${SUBMISSION}|None|more`,
      '',
    ].join('\n');
    const listed = parseListing(text).get(SUBMISSION);
    expect([parseListing(text).size, standingOf(listed, 0), standingOf(listed, 7)]).toEqual([
      1,
      { array: 17, state: 'RUNNING', reason: 'None' },
      { array: null, state: 'CANCELLED', reason: '' },
    ]);
  });

  it('of two arrays of one submission, follows the task that goes on', () => {
    for (const lines of [
      [line(0, 'COMPLETED'), line(0, 'RUNNING', 18)],
      [line(0, 'RUNNING', 18), line(0, 'COMPLETED')],
    ]) {
      expect(standingOf(parseListing(lines.join('\n')).get(SUBMISSION), 0)).toEqual({
        array: 18,
        state: 'RUNNING',
        reason: 'None',
      });
    }
  });

  it('takes a state that it has never heard of for one of a job under way', () => {
    expect(seemsOver({ array: 1, state: 'LAUNCHING_ROCKETS', reason: '' })).toBe(false);
    expect(seemsOver('absent')).toBe(true);
  });
});

describe('the end of a job', () => {
  const left = (state: RunStatus['state'], attempt = 1) => ({ ...pendingStatus(), state, attempt });
  const end = (state: string | null, status: RunStatus | null, more = {}, reason = 'NonZeroExitCode') =>
    endOf({
      job: 'its job 17_0',
      standing: state === null ? 'absent' : { array: 17, state, reason },
      listed: undefined,
      hasStarted: true,
      status,
      attempts: 0,
      ...more,
    }).what;

  it.each([
    // A run that was killed by what it is not to blame for goes on.
    ['NODE_FAIL', left('running'), 'again'],
    ['PREEMPTED', left('running'), 'again'],
    ['TIMEOUT', left('running'), 'again'],
    ['BOOT_FAIL', left('pending', 0), 'again'],
    [null, left('running'), 'again'],
    // One that has saved itself does so whatever the job ended as.
    ['FAILED', left('interrupted'), 'again'],
    ['COMPLETED', left('interrupted'), 'again'],
    // Of the attempt before this job.
    ['FAILED', left('interrupted', 0), 'ended'],
    ['OUT_OF_MEMORY', left('running'), 'ended'],
    ['FAILED', left('pending', 0), 'ended'],
    ['COMPLETED', left('pending', 0), 'ended'],
    ['CANCELLED', left('interrupted'), 'left'],
    ['CANCELLED', left('pending', 0), 'left'],
  ] as const)('%s', (state, status, what) => expect(end(state, status)).toBe(what));

  it('of a job that could not be launched is not that of its run', () => {
    expect(end('FAILED', left('pending', 0), {}, 'JobLaunchFailure')).toBe('again');
    // Killed by a signal, which Slurm tells with the same word.
    expect(end('FAILED', left('running'), {}, 'JobLaunchFailure')).toBe('ended');
  });

  it('of a waiting task that is gone while its array is there was that somebody cancelled it', () => {
    const listed = { arrays: new Set([17]), tasks: new Map(), rest: null };
    expect(end(null, left('pending', 0), { listed, hasStarted: false })).toBe('left');
    expect(end(null, left('pending', 0), { hasStarted: false })).toBe('again');
  });

  it('is what the run says where it says something of this attempt', () => {
    expect(hasOwnWord(left('done', 3), 3)).toBe(true);
    expect(hasOwnWord(left('failed', 3), 3)).toBe(false);
    expect(hasOwnWord(left('failed', 4), 3)).toBe(true);
    expect(hasOwnWord(left('interrupted', 4), 3)).toBe(false);
    expect(hasOwnWord(null, 0)).toBe(false);
  });
});

describe('what is handed to Slurm', () => {
  const batch = { submission: SUBMISSION, tasks: 3, directory: '/shared/50% off/slurm/id', parallelism: 2 };

  it('names every field as sbatch does', () => {
    const given = fields({
      timeout_min: 60,
      cpus_per_task: 4,
      gpus_per_node: 'a100:1',
      mem_gb: 1.5,
      partition: 'gpu; rm -rf /',
      additional_parameters: { mail_user: 'me', exclusive: true, comment: null, reservation: false, nice: 100 },
    });
    expect(sbatchArguments(batch, given)).toMatchInlineSnapshot(`
      [
        "--parsable",
        "--job-name=cookbook-898451b2-f0fe-4722-8bae-45884b471b35",
        "--array=0-2%2",
        "--output=/shared/50%% off/slurm/id/%a.log",
        "--open-mode=append",
        "--requeue",
        "--nodes=1",
        "--signal=B:URG@90",
        "--time=60",
        "--cpus-per-task=4",
        "--gpus-per-node=a100:1",
        "--mem=1536M",
        "--partition=gpu; rm -rf /",
        "--mail-user=me",
        "--exclusive",
        "--nice=100",
        "/shared/50% off/slurm/id/job.sh",
      ]
    `);
    expect(sbatchArguments({ ...batch, directory: '/a\\b' }, fields())).toContain('--output=/dev/null');
  });

  it('is a script in which every word is one', async () => {
    const words = ['/usr/bin/printf', '%s\n', "it's", '$(touch x)', 'a b', '"', '*', '\n'];
    const script = batchScript(words, '/tasks', fields({ setup: ['export NOTHING=1'] }));
    expect(script).toMatchInlineSnapshot(`
      "#!/bin/bash
      # Written by cookbook: each task of the array executes one run directory of tasks.json.
      export NOTHING=1
      threads=\${SLURM_CPUS_PER_TASK:-\${SLURM_CPUS_ON_NODE:-1}}
      export COOKBOOK_THREADS=$threads OMP_NUM_THREADS=$threads OMP_WAIT_POLICY=PASSIVE
      unset COOKBOOK_ENGINE
      exec /usr/bin/printf '%s
      ' 'it'\\''s' '$(touch x)' 'a b' '"' '*' '
      ' /tasks
      "
    `);
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    expect(stdout).toBe(`it's\n$(touch x)\na b\n"\n*\n\n\n/tasks\n`);
  });

  it('starts a run with srun where there are arguments for that', () => {
    const given = fields({ srun_args: ['--cpu-bind=none'] });
    expect(batchScript(['node'], '/tasks', given)).toContain('\nexec srun --cpu-bind=none node /tasks\n');
    expect(sbatchArguments(batch, given)).toContain('--signal=URG@90');
  });

  it.each([
    [{ additional_parameters: { array: '0-9' } }, 'is decided by the executor'],
    [{ additional_parameters: { mem: '4G' } }, 'has a field of its own: mem_gb'],
    [{ additional_parameters: { 'x y': 1 } }, 'is no long option of sbatch'],
    [{ additional_parameters: { 'wrap=rm': 1 } }, 'is no long option of sbatch'],
    [{ timeout_min: 1, signal_delay_s: 60 }, 'no time is left to train'],
  ])('is refused where it cannot work: %j', (given, message) => {
    expect(() => checkSlurmFields(fields(given))).toThrow(message);
  });

  it('names tasks in ranges', () => {
    expect(ranges([7, 0, 2, 1, 9, 8])).toBe('0-2,7-9');
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { minLength: 1 }), (numbers) => {
        const read = ranges(numbers)
          .split(',')
          .flatMap((span) => {
            const [from = 0, to = from] = span.split('-').map(Number);
            return Array.from({ length: to - from + 1 }, (_, i) => from + i);
          });
        expect(read).toEqual([...numbers].sort((a, b) => a - b));
      }),
    );
  });
});

describe('what Slurm prints', () => {
  it('holds the number of the array, whatever stands around it', () => {
    expect([arrayIn('17\n'), arrayIn('17;dawn\n'), arrayIn('Welcome to dawn!\n17\n')]).toEqual([17, 17, 17]);
    for (const text of ['', 'Submitted batch job 17', '99999999999', '-1', '1_2']) {
      expect(() => arrayIn(text)).toThrow('sbatch gave no number of a job');
    }
  });

  it('tells of the cluster', () => {
    expect(clusterOf('MaxArraySize            = 1001\nClusterName             = dawn\n')).toEqual({
      name: 'dawn',
      mostTasks: 1001,
    });
    expect(clusterOf('')).toEqual({ name: '', mostTasks: 1000 });
  });
});

it('announces more runs than a process may have files open', async () => {
  const directory = await temporaryDirectory();
  const names = Array.from({ length: 300 }, (_, i) => join(directory, `${i}`));
  for (const name of names) await mkdir(name);
  const module = new URL('../../../dist/run_files/job.js', import.meta.url).href;
  const program = `import { announceJobs } from '${module}'; await announceJobs('slurm', ${JSON.stringify(names)});`;
  const args = ['-c', 'ulimit -n 100; exec "$@"', 'bash', process.execPath, '--input-type=module', '-e', program];
  await promisify(execFile)('bash', args);
});
