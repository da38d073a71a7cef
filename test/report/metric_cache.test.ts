import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Worth } from '../../src/report/cached_files.ts';
import { openDatabase, readRows } from '../../src/report/database.ts';
import { discoverRuns } from '../../src/report/discover.ts';
import { MetricFiles } from '../../src/report/metric_files.ts';
import { findMetrics, loadMetrics, METRIC_ROWS } from '../../src/report/metrics.ts';
import { makeReport } from '../../src/report/report.ts';
import { readRunEntry } from '../../src/report/run_entry.ts';
import { lossCurve, metricsText, temporaryDirectory, writeRun, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

/** However little there is. */
const ALWAYS: Worth = { bytes: 0, files: 0, share: 0, quietMs: 3_000 };
const LONG_AGO = new Date('2026-01-02T03:04:05Z');

const fileOf = (run: string) => join(cwd, 'runs', run, 'metrics.jsonl');
const cacheFile = () => join(cwd, 'runs/.cookbook/metrics.parquet');

/** Quiet since long ago, as far as its time of modification tells. */
function write(run: string, text: string): void {
  writeText(fileOf(run), text);
  utimesSync(fileOf(run), LONG_AGO, LONG_AGO);
}

interface Loading {
  useCache?: boolean;
  keep?: boolean;
  /** All that there are unless given. */
  metrics?: Record<string, string>;
}

/** All that a report can see of the metrics: their types, the rows in their order, and what is said of damage. */
async function load({ useCache = true, keep = false, metrics }: Loading) {
  const connection = await openDatabase();
  try {
    const found = discoverRuns(['runs'], cwd).runs.map(readRunEntry);
    const entries = useCache ? found : found.map((entry) => ({ ...entry, cacheDirectory: null }));
    const files = await MetricFiles.open(connection, entries, keep);
    const types = metrics ?? (await findMetrics(files));
    const columns = await loadMetrics(files, types);
    const read = files.readByDatabase.map(({ index }) => entries[index]?.row.name);
    if (keep) await files.keep(METRIC_ROWS, columns, ALWAYS);
    return { types, notices: files.notices, rows: await readRows(connection, `FROM ${METRIC_ROWS}`), read };
  } finally {
    connection.closeSync();
  }
}

const seen = ({ read: _, ...rest }: Awaited<ReturnType<typeof load>>) => rest;

async function expectSame(metrics?: Record<string, string>): Promise<void> {
  const plain = await load({ useCache: false, ...(metrics === undefined ? {} : { metrics }) });
  const cached = await load(metrics === undefined ? {} : { metrics });
  expect(seen(cached)).toEqual(seen(plain));
}

const curve = (steps: number, from = 1) => metricsText(lossCurve(2 + from, from, steps));

describe('the cache of metrics', () => {
  it('stands for the files that it knows', async () => {
    write('a', curve(40));
    write('b', curve(40, 2));
    expect((await load({ keep: true })).read).toEqual(['a', 'b']);
    expect((await load({})).read).toEqual([]);
    await expectSame();
    await expectSame({ 'test/nll': 'DOUBLE' });
    await expectSame({ 'test/nll': 'DOUBLE', absent: 'DOUBLE' });
  });

  it('stands for the others while one run grows, and is not written for it', async () => {
    write('a', curve(40));
    write('b', curve(40, 2));
    await load({ keep: true });
    const before = readFileSync(cacheFile());
    appendFileSync(fileOf('b'), '{"step": 40, "train_mean_nll": 0.5}\n');
    expect((await load({ keep: true })).read).toEqual(['b']);
    await expectSame();
    expect(readFileSync(cacheFile()).equals(before)).toBe(true);
  });

  it.each<[string, () => void]>([
    [
      'is replaced by one of the same size, with its time set back',
      () => write('a', curve(40).replaceAll('0.001', '0.002')),
    ],
    [
      'is another file of the same size and time',
      () => {
        const other = join(cwd, 'other');
        writeFileSync(other, curve(40).replace('4096', '4095'));
        utimesSync(other, LONG_AGO, LONG_AGO);
        renameSync(other, fileOf('a'));
      },
    ],
    ['is cut back', () => write('a', curve(40).split('\n').slice(0, 20).join('\n').concat('\n'))],
    ['is torn', () => write('a', curve(40).slice(0, -7))],
    ['has a metric of another type', () => write('a', `${curve(40)}{"step": 40, "train_mean_nll": "high"}\n`)],
    ['is gone', () => rmSync(fileOf('a'))],
  ])('is not believed of a file that %s', async (_, change) => {
    write('a', curve(40));
    write('b', curve(40, 2));
    writeRun(join(cwd, 'runs/c'), { state: 'pending' });
    await load({ keep: true });
    change();
    await expectSame();
    await load({ keep: true });
    await expectSame();
  });

  it('gives numbers where another run has come to log a text under their name', async () => {
    write('a', '{"step": 0, "x": 1.50, "y": true}\n{"step": 1, "x": 1e5, "y": false}\n{"step": 2, "x": "NaN"}\n');
    write('b', '{"step": 0, "x": 2, "y": 1}\n');
    await load({ keep: true });
    write('b', '{"step": 0, "x": "two", "y": 1}\n');
    await expectSame();
    await load({ keep: true });
    expect((await load({})).read).toEqual([]);
    await expectSame();
    rmSync(fileOf('b'));
    await expectSame();
    await expectSame({ x: 'DOUBLE', y: 'DOUBLE' });
  });

  it('leaves out a file that is still being written: not quiet yet, or without its last newline', async () => {
    write('a', curve(40));
    writeText(fileOf('b'), curve(40));
    write('c', '{"step": 0, "x": 1}\n{"step": 1');
    await load({ keep: true });
    expect((await load({})).read).toEqual(['b', 'c']);
    await expectSame();
  });

  it('leaves out files with damage, which is told every time', async () => {
    write('a', '{"step": 0, "x": 1}\nnonsense\n{"step": 1, "x": 2}\n');
    write('b', '{"step": 0, "x": 1}\n{"final": 3}\n{"step": 0, "x": 2}\n{"other": 4}\n');
    write('c', '{"step": 0, "text": "\\ud83d"}\n{"step": 1, "x": 1}\n');
    await load({ keep: true });
    expect((await load({})).notices).toEqual(['runs/a: 1 damaged line in metrics.jsonl']);
    expect((await load({})).read).toEqual(['a']);
    await expectSame();
    await expectSame({ x: 'DOUBLE' });
  });

  it('gives no rows of a cache that another process puts into its place after it was opened', async () => {
    write('a', '{"step": 0, "x": 1}\n');
    write('b', '{"step": 0, "x": 2}\n{"step": 1, "x": 3}\n');
    const entries = discoverRuns(['runs'], cwd).runs.map(readRunEntry);
    const reading = async (order: typeof entries, meanwhile: () => void = () => {}) => {
      const connection = await openDatabase();
      try {
        const files = await MetricFiles.open(connection, order, true);
        const types = await findMetrics(files);
        meanwhile();
        const columns = await loadMetrics(files, types);
        await files.keep(METRIC_ROWS, columns, ALWAYS);
        return await readRows(connection, `FROM ${METRIC_ROWS}`);
      } finally {
        connection.closeSync();
      }
    };
    const plain = await reading(entries);
    const other = join(cwd, 'other');
    renameSync(cacheFile(), other);
    await reading(entries.toReversed());
    const reversed = join(cwd, 'reversed');
    copyFileSync(cacheFile(), reversed);
    renameSync(other, cacheFile());
    expect(await reading(entries, () => renameSync(reversed, cacheFile()))).toEqual(plain);
    await expectSame();
    expect((await load({})).read).toEqual([]);
  });

  it('stands for files that are not the first of what was read', async () => {
    for (const [run, steps] of [
      ['a', 30],
      ['b', 40],
      ['c', 20],
    ] as const)
      write(run, curve(steps, steps));
    utimesSync(fileOf('a'), new Date(), new Date());
    await load({ keep: true });
    expect((await load({})).read).toEqual(['a']);
    await expectSame();
    rmSync(join(cwd, 'runs/a'), { recursive: true });
    expect((await load({})).read).toEqual([]);
    await expectSame();
  });

  it.skipIf(process.getuid?.() !== 0)('is not believed where it, or its directory, is somebody else’s', async () => {
    const [somebody, directory] = [65_534, join(cwd, 'runs/.cookbook')];
    write('a', curve(40));
    write('b', curve(40, 2));
    for (const path of [cacheFile(), directory]) {
      await load({ keep: true });
      expect((await load({})).read).toEqual([]);
      chownSync(path, somebody, somebody);
      expect((await load({})).read).toEqual(['a', 'b']);
      await load({ keep: true });
      expect((await load({})).read).toEqual(path === directory ? ['a', 'b'] : []);
    }
  });

  it('means nothing where it is damaged, torn, of another version or no file', async () => {
    write('a', curve(40));
    await load({ keep: true });
    const whole = readFileSync(cacheFile());
    for (const bytes of [Buffer.alloc(0), whole.subarray(0, 1000), Buffer.alloc(whole.length), Buffer.from('{}')]) {
      writeFileSync(cacheFile(), bytes);
      await expectSame();
    }
    // The table is gone and what it was about is still there.
    const hollow = Buffer.from(whole);
    hollow.fill(0, 4, 400);
    writeFileSync(cacheFile(), hollow);
    await expectSame();
    writeFileSync(cacheFile(), Buffer.from(whole.toString('latin1').replace('"version":2', '"version":1'), 'latin1'));
    await expectSame();
    rmSync(cacheFile());
    mkdirSync(cacheFile());
    await expectSame();
  });

  it('means nothing where it says of its own table what is not so', async () => {
    write('a', curve(40));
    write('b', curve(30, 2));
    await load({ keep: true });
    const path = cacheFile();
    const database = await openDatabase();
    const [row] = await readRows(
      database,
      `SELECT decode(value) AS contents FROM parquet_kv_metadata('${path}') WHERE decode(key) = 'contents'`,
    );
    const contents = JSON.parse(String(row?.contents));
    const lies: [string, object][] = [
      ['SELECT * FROM old', { ...contents, shapes: contents.shapes.map(() => [{ column: 99, type: 'DOUBLE' }]) }],
      ['SELECT * FROM old', { ...contents, files: contents.files.map((file: object) => ({ ...file, shape: 7 })) }],
      [
        'SELECT * FROM old',
        { ...contents, files: contents.files.map((file: object) => ({ ...file, path: '../../etc/passwd' })) },
      ],
      ['SELECT * FROM old', { ...contents, columns: [] }],
      ['SELECT run_index FROM old', contents],
      ["SELECT 'x' AS run_index, [1] AS step, {a: 1} AS m0 FROM old", contents],
    ];
    for (const [select, claim] of lies) {
      await database.run(`CREATE OR REPLACE TABLE old AS FROM read_parquet('${path}')`);
      const kept = readFileSync(path);
      await database.run(
        `COPY (${select}) TO '${path}' (FORMAT parquet, KV_METADATA {contents: '${JSON.stringify(claim).replaceAll("'", "''")}'})`,
      );
      await expectSame();
      writeFileSync(path, kept);
    }
    database.closeSync();
  });

  it('is not written through a link, nor read through one', async () => {
    write('a', curve(40));
    const elsewhere = join(cwd, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(cwd, 'runs/.cookbook'));
    await load({ keep: true });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)('is done without where nothing may be written', async () => {
    write('a', curve(40));
    chmodSync(join(cwd, 'runs'), 0o500);
    try {
      expect((await load({ keep: true })).notices).toEqual([]);
      expect(existsSync(cacheFile())).toBe(false);
    } finally {
      chmodSync(join(cwd, 'runs'), 0o700);
    }
  });

  it('leaves nothing beside itself', async () => {
    write('a', curve(40));
    const left = join(cwd, 'runs/.cookbook/metrics.parquet.tmp-0123456789ab');
    writeText(left, 'what a kill left');
    utimesSync(left, LONG_AGO, LONG_AGO);
    await load({ keep: true });
    expect(readdirSync(join(cwd, 'runs/.cookbook'))).toEqual(['metrics.parquet']);
  });

  it('gives what the files give, whatever was done to them', async () => {
    const metric = fc.constantFrom('a', 'b', 'A', 'step_', '__proto__', 'we"ird');
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.constantFrom(
        '"NaN"',
        '"Infinity"',
        'NaN',
        'true',
        'false',
        '"text"',
        'null',
        '{"a": 1}',
        '[1]',
        '1e400',
        '0.10',
      ),
    );
    const line = fc
      .tuple(fc.option(fc.integer({ min: 0, max: 4 })), fc.array(fc.tuple(metric, value), { maxLength: 3 }))
      .map(([step, members]) => {
        const named = [...(step === null ? [] : [['step', step] as const]), ...members];
        return `{${named.map(([name, each]) => `${JSON.stringify(name)}: ${Object.is(each, -0) ? '-0.0' : typeof each === 'number' && !Number.isFinite(each) ? `"${each}"` : each}`).join(', ')}}\n`;
      });
    const ordinary = fc.constant('{"step": 7, "a": 1.5}\n');
    const torn = fc.constantFrom('{"st', 'nonsense\n', '\n', '{"step": 1, "a": "\\ud83d"}\n');
    const lines = fc.array(fc.oneof({ weight: 4, arbitrary: line }, { weight: 4, arbitrary: ordinary }, torn), {
      maxLength: 5,
    });
    const run = fc.constantFrom('p', 'q', 'r');
    const edit = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), run, lines }),
      fc.record({ kind: fc.constant('append' as const), run, lines }),
      fc.record({ kind: fc.constant('cut' as const), run, at: fc.nat({ max: 60 }) }),
      fc.record({ kind: fc.constant('digits' as const), run }),
      fc.record({ kind: fc.constant('delete' as const), run }),
    );
    const content = (name: string) => (existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8') : '');
    const apply = (change: typeof edit extends fc.Arbitrary<infer Edit> ? Edit : never) => {
      const before = content(change.run);
      if (change.kind === 'delete') rmSync(fileOf(change.run), { force: true });
      else if (change.kind === 'write') write(change.run, change.lines.join(''));
      else if (change.kind === 'append') write(change.run, before + change.lines.join(''));
      else if (change.kind === 'cut') write(change.run, before.slice(0, change.at));
      else
        write(
          change.run,
          before.replace(/\d/g, (digit) => String(9 - Number(digit))),
        );
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
        async (rounds) => {
          rmSync(join(cwd, 'runs'), { recursive: true, force: true });
          writeRun(join(cwd, 'runs/always'), { state: 'pending' });
          for (const edits of rounds) {
            for (const each of edits) apply(each);
            await load({ keep: true });
            await expectSame();
            await expectSame({ a: 'DOUBLE' });
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('a report', () => {
  const sql = 'SELECT run, count(*) AS n, sum("test/nll") AS total FROM metrics GROUP BY run ORDER BY run';

  it('keeps a cache beside the runs of a question where there is much to read, and never one of little', async () => {
    for (const run of ['a', 'b']) write(run, curve(40));
    const small = await makeReport({ directories: ['runs'], cwd, sql });
    expect(existsSync(join(cwd, 'runs/.cookbook'))).toBe(false);
    for (const run of ['a', 'b']) write(run, curve(30_000));
    await makeReport({ directories: ['runs/a'], cwd, sql });
    expect(existsSync(join(cwd, 'runs/a/.cookbook'))).toBe(false);
    const first = await makeReport({ directories: ['runs'], cwd, sql });
    expect(existsSync(cacheFile())).toBe(true);
    const second = await makeReport({ directories: ['runs'], cwd, sql });
    expect(second.table).toEqual(first.table);
    expect(second.table).not.toEqual(small.table);
  });

  it('gives the same answer from the cache, of which it reads what is asked', async () => {
    const questions = [
      'SELECT run, count(*) AS n, sum("TEST/nll") AS total FROM metrics GROUP BY run ORDER BY run',
      'SELECT count(m) FROM metrics m',
      'SELECT max(m."test/nll") AS m FROM metrics m HAVING m > 0',
      'SELECT #3 FROM metrics ORDER BY 1 LIMIT 3',
      'SELECT c FROM metrics AS m(a, b, c) ORDER BY ALL LIMIT 3',
      'FROM metrics ORDER BY run, step LIMIT 3',
      'SELECT count(*) FROM metrics NATURAL JOIN (SELECT 0.001 AS learning_rate) AS other',
      'WITH few AS (SELECT "test/nll" FROM metrics WHERE step > 3) SELECT sum(few."test/nll") FROM few',
      'WITH few AS (FROM metrics) SELECT sum(learning_rate) FROM few',
      'SELECT metric, count(*) FROM metrics_long GROUP BY metric ORDER BY metric',
      'PIVOT metrics ON step IN (1, 2) USING max("test/nll") GROUP BY run ORDER BY run',
      'DESCRIBE metrics',
      "SELECT column_name FROM duckdb_columns() WHERE table_name = 'metrics' ORDER BY column_index",
    ];
    const answers = async () => {
      const reports = [];
      for (const each of questions) reports.push((await makeReport({ directories: ['runs'], cwd, sql: each })).table);
      return reports;
    };
    for (const run of ['a', 'b']) write(run, `${curve(40)}{"odd": 1}\n`);
    const plain = await answers();
    await load({ keep: true });
    expect(await answers()).toEqual(plain);
    expect((await load({})).read).toEqual([]);
  });
});
