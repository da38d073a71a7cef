import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, readRows } from '../../src/report/database.ts';
import { discoverRuns } from '../../src/report/discover.ts';
import { MetricFiles } from '../../src/report/metric_files.ts';
import { findMetrics, loadMetrics, METRIC_ROWS, type MetricColumn } from '../../src/report/metrics.ts';
import { readRunEntry } from '../../src/report/run_entry.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { type Line, metricsText, temporaryDirectory, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
let connection: DuckDBConnection;
beforeEach(async () => {
  [cwd, remove] = temporaryDirectory();
  connection = await openDatabase();
});
afterEach(() => {
  connection.closeSync();
  remove();
});

const write = (run: string, lines: readonly Line[]) => writeText(join(cwd, run, 'metrics.jsonl'), metricsText(lines));

async function load() {
  const entries = discoverRuns(['.'], cwd).runs.map(readRunEntry);
  const files = await MetricFiles.open(connection, entries);
  const metrics = await findMetrics(files);
  const columns = await loadMetrics(files, metrics);
  const rows = await readRows(connection, `FROM ${METRIC_ROWS} ORDER BY run_index, step NULLS FIRST`);
  return { metrics, notices: files.notices, rows: rows.map((row) => named(row, columns)) };
}

/** A row with the names of its metrics in place of those of its columns. */
function named({ run_index = null, step = null, ...values }: JsonObject, columns: readonly MetricColumn[]): JsonObject {
  const metrics = columns.map(({ metric, column }) => [metric, values[column] ?? null]);
  return { run_index, step, ...Object.fromEntries(metrics) };
}

describe('findMetrics', () => {
  it('gives each metric the type that all of its values fit', async () => {
    write('a', [
      { step: 0, loss: 1, solved: true, phase: 'warm-up', mixed: 1 },
      { step: 1, loss: 'NaN', solved: false, mixed: 'text' },
      { step: 2, loss: 1e-300, rare: '-Infinity' },
    ]);
    write('b', [{ step: 0, loss: 'Infinity', solved: true }]);
    expect((await load()).metrics).toEqual({
      loss: 'DOUBLE',
      mixed: 'VARCHAR',
      phase: 'VARCHAR',
      rare: 'DOUBLE',
      solved: 'BOOLEAN',
    });
  });

  it('leaves a number one where another run has logged a text under its name, and says so', async () => {
    write('a', [{ step: 0, loss: 1, phase: true }]);
    write('b', [{ step: 0, loss: 'high', phase: 'late' }]);
    const { metrics, rows, notices } = await load();
    expect(metrics).toEqual({ loss: 'DOUBLE', phase: 'VARCHAR' });
    expect(rows.map(({ loss }) => loss)).toEqual([1, 'NaN']);
    expect(notices).toEqual(['"loss" is a number, and 1 run logged something else of it: that is NaN']);
  });

  it('finds a metric that only one line of many has, and the union of what different runs have', async () => {
    const steps = Array.from({ length: 3000 }, (_, step) => ({ step, loss: step }));
    write('a', [...steps, { step: 3000, 'test/final': 7 }]);
    write('b', [{ step: 0, 'env/reward': 1 }]);
    const { metrics, rows } = await load();
    expect(Object.keys(metrics)).toEqual(['env/reward', 'loss', 'test/final']);
    expect(rows).toHaveLength(3002);
    expect(rows.at(-2)).toEqual({ run_index: 0, step: 3000, 'env/reward': null, loss: null, 'test/final': 7 });
  });
});

describe('loadMetrics', () => {
  it('reads numbers that JSON has no words for, as text and as bare words', async () => {
    write('a', [
      { step: 0, loss: 'NaN' },
      '{"step": 1, "loss": NaN}',
      '{"step": 2, "loss": -Infinity}',
      { step: 3, loss: 'Infinity' },
    ]);
    expect((await load()).rows.map(({ loss }) => loss)).toEqual(['NaN', 'NaN', '-Infinity', 'Infinity']);
  });

  it('passes over a torn last line in silence', async () => {
    write('a', [{ step: 0, loss: 1 }, '{"step": 1, "lo']);
    expect(await load()).toMatchObject({ notices: [], rows: [{ step: 0, loss: 1 }] });
  });

  it('counts damaged lines that are not the torn end', async () => {
    write('a', [
      { step: 0, loss: 1 },
      '{"step": 1, "lo{"step": 2, "loss": 3}',
      '[1, 2]',
      'null',
      { step: 3, loss: 4 },
      '{"st',
    ]);
    write('b', [{ step: 0, loss: 1 }, '\u0000\u0000\u0000\u0000', { step: 1, loss: 2 }]);
    const { notices, rows } = await load();
    expect(notices).toEqual(['a: 3 damaged lines in metrics.jsonl', 'b: 1 damaged line in metrics.jsonl']);
    expect(rows.map(({ run_index, step }) => [run_index, step])).toEqual([
      [0, 0],
      [0, 3],
      [1, 0],
      [1, 1],
    ]);
  });

  it('keeps lines without a step, which the Python cookbook writes', async () => {
    write('a', [{ step: 0, loss: 1 }, { 'final/score': 3 }]);
    expect(await load()).toMatchObject({
      notices: [],
      rows: [
        { step: null, loss: null, 'final/score': 3 },
        { step: 0, loss: 1, 'final/score': null },
      ],
    });
  });

  it('merges a step that was logged more than once: the last value that is not null wins', async () => {
    write('a', [
      { step: 0, loss: 1, test: 5 },
      { step: 1, loss: 2 },
      { step: 0, loss: 3 },
      { step: 1, test: 6 },
    ]);
    write('b', [
      { step: 0, loss: 1 },
      { step: 1, loss: 2 },
    ]);
    expect((await load()).rows).toEqual([
      { run_index: 0, step: 0, loss: 3, test: 5 },
      { run_index: 0, step: 1, loss: 2, test: 6 },
      { run_index: 1, step: 0, loss: 1, test: null },
      { run_index: 1, step: 1, loss: 2, test: null },
    ]);
  });

  it('keeps every metric, whatever it is called', async () => {
    write('a', [
      '{"step": 0, "Loss": 1, "loss": 2, "run": 3, "": 4, "we\\"ird \'name": 5, "file_index": 6, "a\\u0000b": 7}\n',
    ]);
    write('b', ['{"step": 0, "Loss": 8, "rowid": 9, "run_index": 10, "__proto__": 11, "filename": 12}\n']);
    const { notices, rows } = await load();
    expect(notices).toEqual([]);
    expect(rows.map((row) => JSON.stringify(Object.entries(row).filter(([, value]) => value !== null)))).toEqual([
      '[["step",0],["",4],["Loss",1],["a\\u0000b",7],["file_index",6],["loss",2],["run",3],["we\\"ird \'name",5]]',
      '[["run_index",10],["step",0],["Loss",8],["__proto__",11],["filename",12],["rowid",9]]',
    ]);
  });

  it('reads lines that DuckDB passes over, such as one with half a surrogate pair', async () => {
    write('a', ['{"step": 0, "loss": 1, "text": "\\ud83d"}\n', '{"step": 1, "loss": 2}\n']);
    expect(await load()).toMatchObject({
      notices: [],
      rows: [
        { step: 0, loss: 1 },
        { step: 1, loss: 2 },
      ],
    });
  });

  it('merges a step that was logged again after a line without one', async () => {
    write('a', [{ step: 5, loss: 1 }, { other: 2 }, { step: 5, loss: 3 }]);
    expect((await load()).rows).toEqual([
      { run_index: 0, step: null, loss: null, other: 2 },
      { run_index: 0, step: 5, loss: 3, other: null },
    ]);
  });

  it('takes steps beyond all integers, and none that are infinite', async () => {
    write('a', ['{"step": 1e300, "loss": 1}\n', '{"step": 1e999, "loss": 2}\n']);
    expect((await load()).rows.map(({ step, loss }) => [step, loss])).toEqual([
      [null, 2],
      [1e300, 1],
    ]);
  });

  it('takes names of directories as they are: no pattern, no partition', async () => {
    write("lr=1 [ab]*?/it's 日本", [{ step: 0, loss: 1 }]);
    write('lr=1 a/x', [{ step: 0, loss: 2 }]);
    expect((await load()).rows.map(({ run_index, loss }) => [run_index, loss])).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it.each([
    ['a*', 'ab', 'abc'],
    ['a[12]', 'a1', 'a2'],
    ['a?', 'ab'],
    ['*', '**', 'x'],
    ['lr=[1]', 'lr=1'],
    ['[', ']', '[!a]', 'b'],
    ['a\\*', 'a/b', 'a\\b', 'ab'],
    ["it's *", 'it"s *', "it's x", '{x,y}', '~', '$HOME'],
  ])('reads of each of these directories its own file: %j', async (...names) => {
    for (const [i, name] of names.entries()) write(name, [{ step: 0, loss: i, name }]);
    const { notices, rows } = await load();
    expect(notices).toEqual([]);
    const order = names.map((name, loss) => ({ name, loss })).sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(rows).toEqual(order.map((row, run_index) => ({ run_index, step: 0, ...row })));
  });

  it('finds metrics in a file whose every line holds half of a character, or is torn', async () => {
    write('a', [
      '{"step":0,"loss":2,"sample":"x\\ud83d"}\n',
      '{"step":1,"loss":"NaN","sample":"y\\ud83d","ok":true}\n',
      '{"st',
    ]);
    expect(await load()).toMatchObject({
      metrics: { loss: 'DOUBLE', ok: 'BOOLEAN', sample: 'VARCHAR' },
      rows: [
        { step: 0, loss: 2, sample: 'x\ufffd' },
        { step: 1, loss: 'NaN', ok: true },
      ],
    });
  });

  it('takes of very many metrics as many as there is room for, and says how many are left out', async () => {
    write('a', [{ step: 0, ...Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`metric/${i}`, i])) }]);
    const { metrics, notices } = await load();
    expect(Object.keys(metrics)).toHaveLength(1000);
    expect(notices).toEqual(['500 of 1500 metrics are left out: a report has room for 1000']);
  });

  it('loads nothing from runs without metrics', async () => {
    write('empty', []);
    writeText(join(cwd, 'blank/metrics.jsonl'), '\n\n');
    writeText(join(cwd, 'none/config.json'), '{}');
    expect(await load()).toEqual({ metrics: {}, notices: [], rows: [] });
  });

  it.each([true, false])('gives for any log what reading it line by line gives, in order: %s', async (isOrdered) => {
    const line = fc.oneof(
      fc.record(
        { step: fc.nat(6), loss: fc.double({ noNaN: true, noDefaultInfinity: true }), test: fc.integer() },
        { requiredKeys: ['step'] },
      ),
      fc.constant('{"torn'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 12 }), async (lines) => {
        const database = await openDatabase();
        try {
          write('a', lines);
          const entries = discoverRuns(['.'], cwd).runs.map(readRunEntry);
          const files = await MetricFiles.open(database, entries);
          await loadMetrics(files, { loss: 'DOUBLE', test: 'DOUBLE' }, { isOrdered });
          const rows = await readRows(
            database,
            `SELECT step, m0 AS loss, m1 AS test FROM ${METRIC_ROWS} ORDER BY step`,
          );
          expect(rows).toEqual(mergedByHand(lines));
        } finally {
          database.closeSync();
        }
      }),
      { numRuns: 30 },
    );
  });
});

function mergedByHand(lines: readonly Line[]) {
  const rows = new Map<number, { step: number; loss: unknown; test: unknown }>();
  // Through JSON, which has no negative zero.
  const written: (string | { step?: number; loss?: number; test?: number })[] = JSON.parse(JSON.stringify(lines));
  for (const line of written) {
    if (typeof line === 'string') continue;
    const step = line.step ?? -1;
    const row = rows.get(step) ?? { step, loss: null, test: null };
    rows.set(step, { step, loss: line.loss ?? row.loss, test: line.test ?? row.test });
  }
  return [...rows.values()].sort((a, b) => a.step - b.step);
}
