// A sweep that searches and gives up on runs, killed with all of its processes at ten random moments: it goes on where it was.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readStatus } from '../../src/run_files/status.ts';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';
import { nextBelow, randomFor } from '../../src/util/random.ts';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';

const KILLS = 10;
const TRIALS = 12;
const SWEEP = `
grid:
  rate: {uniform: [0.01, 0.99]}
  size: [1, 2, 3]
search: {builder: tpe, n_startup_trials: 4}
early_stopping: {builder: asha, min_steps: 1, reduction_factor: 2}
objective: {metric: test/nll, goal: minimize}
max_runs: ${TRIALS}
`;
/** Events that a sweep has recorded before it is killed, and the milliseconds after the last of them. */
const MOST_EVENTS = 4;
const MOST_MS = 400;

const toySweep = () => ToySweep.create(SWEEP, 'max_steps: 8\n');

/** Every process that works in the directory, all at once. */
async function killAll({ directory }: ToySweep): Promise<void> {
  for (const name of await readdir('/proc')) {
    const cwd = await readlink(join('/proc', name, 'cwd')).catch(() => '');
    if (cwd.startsWith(directory) && Number(name) !== process.pid) process.kill(Number(name), 'SIGKILL');
  }
}

async function eventsIn(toy: ToySweep, name: string): Promise<JsonObject[]> {
  const text = await readFile(join(toy.directory, name, 'study/events.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const event: unknown = line === '' ? null : JSON.parse(line);
    return isJsonObject(event) ? [event] : [];
  });
}

async function killedTenTimes(toy: ToySweep, name: string, ...args: string[]): Promise<void> {
  const random = randomFor(0, 'moments of kills', name);
  let history: JsonObject[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = toy.start('sweep', 'sweep.yaml', `log_path=${name}`, ...args);
    const events = history.length + nextBelow(random, MOST_EVENTS);
    while ((await eventsIn(toy, name)).length < events) await sleep(10);
    await sleep(nextBelow(random, MOST_MS));
    child.signal('SIGKILL');
    await killAll(toy);
    await child.ended();
    const now = await eventsIn(toy, name);
    expect(now.slice(0, history.length), 'what was asked and told stays').toEqual(history);
    history = now;
  }
  expect(await toy.run('sweep', 'sweep.yaml', `log_path=${name}`, ...args)).toMatchObject({ code: 0 });
}

const asked = (events: readonly JsonObject[]) => events.filter(({ event }) => event === 'asked');

describe('a search that gives up on runs', () => {
  it('with one worker, asks and is told the same as one that was never disturbed', { timeout: 600_000 }, async () => {
    const toy = await toySweep();
    expect(await toy.run('sweep', 'sweep.yaml', 'log_path=whole')).toMatchObject({ code: 0 });
    await killedTenTimes(toy, 'killed');
    expect(await eventsIn(toy, 'killed')).toEqual(await eventsIn(toy, 'whole'));
  });

  it('with two, asks nothing twice, and brings every trial to an end', { timeout: 600_000 }, async () => {
    const toy = await toySweep();
    await killedTenTimes(toy, 'two', 'execution.max_concurrency=2');
    const events = await eventsIn(toy, 'two');
    expect(asked(events).map(({ trial }) => trial)).toEqual([...Array(TRIALS).keys()]);
    const runs = asked(events).flatMap((event) => event.runs);
    const directories = (await readdir(join(toy.directory, 'two'))).filter((name) => name.includes('seed='));
    expect(directories.map((name) => name.slice(-12)).sort()).toEqual([...new Set(runs)].sort());
    const states = await Promise.all(directories.map((name) => readStatus(join(toy.directory, 'two', name))));
    expect(states.map(({ value }) => value?.state).filter((state) => state !== 'done' && state !== 'stopped')).toEqual(
      [],
    );
    const judged = events.filter(({ event }) => event === 'told' || event === 'reached');
    expect(new Set(judged.map(({ trial }) => trial)).size).toBe(TRIALS);
  });
});
