// What a sweep that is stopped does with the runs that it was about to start.

import { expect, it } from 'vitest';
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
