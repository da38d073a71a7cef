// What a sweep that is stopped does with the runs that it was about to start.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pendingStatus, writeStatus } from '../../src/run_files/status.ts';
import type { PlannedRun } from '../../src/sweep/plan.ts';
import { NO_RESOURCES } from '../../src/sweep/resources.ts';
import { type SweepEvent, schedule } from '../../src/sweep/scheduler.ts';
import { Standings } from '../../src/sweep/standings.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

function planned(directory: string, name: string): PlannedRun {
  const place = { name, directory: `${directory}/${name}` };
  return {
    configuration: [],
    point: [],
    stage: null,
    after: [],
    seed: 0,
    hash: name,
    config_hash: name,
    max_steps: 1,
    state: 'new',
    found: null,
    stale: null,
    ...place,
  };
}

it('starts none that was being prepared when it was stopped', async () => {
  const directory = await temporaryDirectory();
  const runs = ['a', 'b', 'c'].map((name) => planned(directory, name));
  const stop = new AbortController();
  const events: string[] = [];
  const submitted: string[][] = [];
  const outcomes = await schedule(runs, {
    executor: {
      slots: 2,
      submit: async (directories) => {
        submitted.push([...directories]);
        throw new Error('nothing is to be submitted');
      },
      attach: async () => null,
    },
    standings: new Standings({ fields: { objective: null }, runs }),
    locate: async (run) => run.directory,
    prepare: async (run) => {
      stop.abort();
      return run.directory;
    },
    recordFailure: async () => undefined,
    retries: 0,
    onFailure: 'continue',
    resourcesOf: () => NO_RESOURCES,
    timeoutMs: null,
    graceMs: 0,
    stop: stop.signal,
    kill: new AbortController().signal,
    onEvent: ({ type }: SweepEvent) => events.push(type),
  });
  expect(outcomes.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
  expect(events).toEqual(['stopping', 'settled', 'settled', 'settled']);
  expect(submitted).toEqual([]);
});

it('leaves a run as it is whose job somebody has cancelled, and lets no time of waiting count', async () => {
  const directory = await temporaryDirectory();
  const run = planned(directory, 'a');
  const events: string[] = [];
  let submissions = 0;
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const stopped: string[] = [];
  const [outcome] = await schedule([run], {
    executor: {
      slots: Number.POSITIVE_INFINITY,
      submit: async () => {
        submissions += 1;
        // Far later than its timeout, had that begun before.
        setTimeout(start, 50);
        const ended = started.then(() => null);
        const stop = async () => void stopped.push('stop');
        return [{ description: 'job 1_0', started, ended, stop, kill: stop }];
      },
      attach: async () => null,
    },
    standings: new Standings({ fields: { objective: null }, runs: [run] }),
    locate: async () => run.directory,
    prepare: async () => run.directory,
    recordFailure: async () => undefined,
    retries: 3,
    resourcesOf: () => NO_RESOURCES,
    onFailure: 'continue',
    timeoutMs: 1,
    graceMs: 0,
    stop: new AbortController().signal,
    kill: new AbortController().signal,
    onEvent: ({ type }: SweepEvent) => events.push(type),
  });
  expect(outcome).toMatchObject({ state: 'pending', error: null });
  expect([submissions, stopped, events]).toEqual([1, [], ['launched', 'settled']]);
});

it('submits no run whose job has ended while it was looked for', async () => {
  const directory = await temporaryDirectory();
  const run = planned(directory, 'a');
  await mkdir(run.directory);
  await writeFile(join(run.directory, 'run.json'), '{}');
  await writeStatus(run.directory, pendingStatus());
  const [outcome] = await schedule([run], {
    executor: {
      slots: Number.POSITIVE_INFINITY,
      submit: async () => {
        throw new Error('nothing is to be submitted');
      },
      attach: async () => {
        await writeStatus(run.directory, { ...pendingStatus(), state: 'done', attempt: 1 });
        return null;
      },
    },
    standings: new Standings({ fields: { objective: null }, runs: [run] }),
    locate: async () => run.directory,
    prepare: async () => run.directory,
    recordFailure: async () => undefined,
    retries: 0,
    resourcesOf: () => NO_RESOURCES,
    onFailure: 'continue',
    timeoutMs: null,
    graceMs: 0,
    stop: new AbortController().signal,
    kill: new AbortController().signal,
    onEvent: () => undefined,
  });
  expect(outcome).toMatchObject({ state: 'done', error: null });
});
