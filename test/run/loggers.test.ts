// Loggers of a run: what they are given, and that nothing they do harms or delays it.

import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import Database from 'libsql';
import { expect, it, onTestFinished, vi } from 'vitest';
import { defineBuilder } from '../../src/registry/builder.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { executeRun } from '../../src/run/execute.ts';
import { createRunDirectory } from '../../src/run_files/directory.ts';
import { tensorboard } from '../../src/sinks/tensorboard/builder.ts';
import { trackio } from '../../src/sinks/trackio/builder.ts';
import { type LoggedRow, type LoggedState, type Sink, sinkSlot } from '../../src/training/sink.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { toyRecord } from './support/records.ts';
import { toyService, toyTrainer } from './support/toy.ts';

/** Keeps rows as a tool would, and calls in the order that they came. */
class Keeper implements Sink {
  calls: string[] = [];
  kept: LoggedRow[] = [];
  /** Calls that are left to fail. */
  failures = 0;

  async open(rows: readonly LoggedRow[]): Promise<void> {
    this.#call('open', rows);
    this.kept = [...rows];
  }

  async log(rows: readonly LoggedRow[]): Promise<void> {
    this.#call('log', rows);
    this.kept.push(...rows);
  }

  async close(state: LoggedState): Promise<void> {
    this.#call(`close ${state}`, []);
  }

  get steps(): number[] {
    return this.kept.map(({ step }) => step);
  }

  #call(name: string, rows: readonly LoggedRow[]): void {
    this.calls.push(rows.length === 0 ? name : `${name} ${rows.map(({ step }) => step).join(' ')}`);
    if (this.failures === 0) return;
    this.failures -= 1;
    throw new Error('the disk is full');
  }
}

function registryWith(sink: Sink | (() => Sink)): Registry {
  const build = () => (typeof sink === 'function' ? sink() : sink);
  const params = Type.Object({});
  const keeper = defineBuilder({ slot: sinkSlot, name: 'keeper', version: 1, doc: 'Keeps rows.', params, build });
  return new Registry([toyService, toyTrainer, keeper]);
}

async function prepared(fields = {}): Promise<string> {
  const directory = join(await temporaryDirectory(), 'toy');
  await createRunDirectory(directory, toyRecord(directory, { loggers: [{ builder: 'keeper' }], ...fields }), null);
  return directory;
}

async function execute(directory: string, sink: Sink | (() => Sink), abortAt?: number) {
  const controller = new AbortController();
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => {
    events.push(event);
    if (event.type === 'step' && event.step === abortAt) controller.abort();
  };
  const status = await executeRun(directory, registryWith(sink), { onEvent, signal: controller.signal });
  const told = events.flatMap((event) => (event.type === 'warning' || event.type === 'notice' ? event.message : []));
  return { status, told };
}

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];

it('gets every row that metrics.jsonl gets, and how the run ended', async () => {
  const keeper = new Keeper();
  const { status, told } = await execute(await prepared(), keeper);
  expect(status.state).toBe('done');
  expect(keeper.steps).toEqual(EIGHT);
  expect(keeper.kept.every(({ time }) => time !== null)).toBe(true);
  expect(keeper.calls[0]).toMatch(/^open/);
  expect(keeper.calls.at(-1)).toBe('close done');
  expect(told).toEqual([]);
});

it('a run that goes on gives it the rows that it keeps, and each later step once', async () => {
  const directory = await prepared({ misbehave: 'throw:5' });
  const first = new Keeper();
  expect((await execute(directory, first)).status.state).toBe('failed');
  expect(first.calls.at(-1)).toBe('close failed');
  await writeFile(
    join(directory, 'run.json'),
    JSON.stringify(toyRecord(directory, { loggers: [{ builder: 'keeper' }] })),
  );
  const second = new Keeper();
  expect((await execute(directory, second)).status.state).toBe('done');
  expect(second.calls[0]).toMatch(/^open 0 1 2/);
  expect(second.steps).toEqual(EIGHT);
  // The rows of the first attempt have no time that this one knows.
  expect(second.kept.flatMap(({ step, time }) => (time === null ? step : []))).toEqual([0, 1, 2]);
});

it('one that fails is told of once, costs the run nothing, and has all rows in the end', async () => {
  const keeper = new Keeper();
  keeper.failures = 1;
  const { status, told } = await execute(await prepared(), keeper);
  expect(status.state).toBe('done');
  expect(keeper.steps).toEqual(EIGHT);
  expect(told).toEqual([
    'the logger keeper failed, and the run goes on: the disk is full',
    'the logger keeper has all rows again',
  ]);
});

it('one that fails for good is told of once, and that it lacks rows', async () => {
  const keeper = new Keeper();
  keeper.failures = 1_000;
  const { status, told } = await execute(await prepared(), keeper);
  expect(status.state).toBe('done');
  expect(told).toEqual([
    'the logger keeper failed, and the run goes on: the disk is full',
    'the run has ended, and these loggers do not have all of its rows: keeper',
  ]);
});

it('one that cannot be built is left out', async () => {
  const { status, told } = await execute(await prepared(), () => {
    throw new Error('no such server');
  });
  expect(status.state).toBe('done');
  expect(told).toEqual(['the run goes on without the logger keeper: no such server']);
});

it('one that hangs is waited for a bounded time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const never = () => new Promise<void>(() => undefined);
  const running = execute(await prepared(), { open: never, log: never, close: never });
  let ended = false;
  const end = running.finally(() => {
    ended = true;
  });
  let seconds = 0;
  for (; !ended; seconds++) {
    await vi.advanceTimersByTimeAsync(1_000);
    await setImmediate();
    // The run's own work takes no time by this clock.
    if (seconds > 100_000) throw new Error('it is waited for without end');
  }
  const { status, told } = await end;
  expect(status.state).toBe('done');
  expect(told).toContain('the run has ended, and these loggers do not have all of its rows: keeper');
});

it('a run that is asked to stop says so to it', async () => {
  const keeper = new Keeper();
  expect((await execute(await prepared(), keeper, 4)).status.state).toBe('interrupted');
  expect(keeper.calls.at(-1)).toBe('close interrupted');
});

it('a copy of a run that goes on takes nothing from the original, and neither counts a step twice', async () => {
  const shared = await temporaryDirectory();
  const loggers = [
    { builder: 'trackio', project: 'p', directory: shared },
    { builder: 'tensorboard', directory: shared },
    { builder: 'tensorboard', directory: null },
  ];
  const registry = new Registry([toyService, toyTrainer, trackio, tensorboard]);
  const run = async (directory: string, abortAt?: number) => {
    const controller = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.type === 'step' && event.step === abortAt) controller.abort();
    };
    return (await executeRun(directory, registry, { onEvent, signal: controller.signal })).state;
  };
  const eventFiles = async (directory: string) =>
    (await readdir(directory, { recursive: true })).filter((name) => name.includes('tfevents'));
  const original = await prepared({ loggers });
  const copy = join(original, '..', 'copy');
  expect(await run(original, 4)).toBe('interrupted');
  await cp(original, copy, { recursive: true });
  const [kept = ''] = await eventFiles(shared);
  expect(await run(copy)).toBe('done');
  const database = new Database(join(shared, 'p.db'));
  const steps = () =>
    database
      .prepare('SELECT group_concat(step) FROM (SELECT * FROM metrics ORDER BY step) GROUP BY run_id')
      .raw()
      .all()
      .map(String)
      .sort();
  const partly = '0,1,2,3,4';
  expect(steps()).toEqual([partly, EIGHT.join(',')]);
  expect(await eventFiles(shared)).toHaveLength(2);
  expect(await eventFiles(shared)).toContain(kept);
  // What was copied along is the copy's own.
  expect(await eventFiles(join(copy, 'tensorboard'))).toHaveLength(1);
  expect(await run(original)).toBe('done');
  expect(steps()).toEqual([EIGHT.join(','), EIGHT.join(',')]);
  database.close();
});

it('that has something to say of every metric says it of some', async () => {
  const talker = defineBuilder({
    slot: sinkSlot,
    name: 'keeper',
    version: 1,
    doc: 'Speaks of a thousand names.',
    params: Type.Object({}),
    build: (_, { tell }) => {
      for (let i = 0; i < 1_000; i++) tell(`metric ${i} is called otherwise`);
      return new Keeper();
    },
  });
  const directory = await prepared();
  const told: string[] = [];
  const onEvent = (event: RunEvent) => void (event.type === 'notice' && told.push(event.message));
  const registry = new Registry([toyService, toyTrainer, talker]);
  await executeRun(directory, registry, { onEvent, signal: new AbortController().signal });
  expect(told).toHaveLength(21);
  expect(told.slice(-2)).toEqual([
    'keeper: metric 19 is called otherwise',
    'keeper: what else there is to say of this kind is left out',
  ]);
});
