import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Format, formatReport, writeReport } from '../../src/report/output.ts';
import { makeReport } from '../../src/report/report.ts';
import { lossCurve, temporaryDirectory, writeRun, writeSweep } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
  const sweep = writeSweep(join(cwd, 'runs/grid'));
  for (const lr of [1e-5, 2e-5])
    writeRun(join(sweep, `lr=${lr}`), { axes: { lr, 'data.name': 'é "x"' }, metrics: lossCurve(2, lr) });
});
afterEach(() => remove());

const report = (sql?: string) => makeReport({ directories: ['runs'], cwd, sql });

async function readParquet(file: string) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const reader = await connection.runAndReadAll(`FROM read_parquet('${file}')`);
  connection.closeSync();
  return { types: reader.columnTypes().map(String), rows: reader.getRowObjectsJson() };
}

describe('Parquet', () => {
  it('holds the flat table of a summary', async () => {
    const file = join(cwd, "it's.parquet");
    await writeReport(await report(), 'parquet', file);
    const { rows } = await readParquet(file.replace("'", "''"));
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({
      group: 'runs/grid',
      lr: 1e-5,
      'data.name': 'é "x"',
      mean: 0.25001,
      n: '1',
      best: true,
    });
  });

  it('holds the result of a question with its exact types', async () => {
    const file = join(cwd, 'answer.parquet');
    const sql = `SELECT run, 1.50::DECIMAL(9, 2) AS d, DATE '2026-01-02' AS day, [1::BIGINT, NULL] AS l, {a: 'NaN'::DOUBLE} AS s,
      started_at, axes, steps, x AS "a ""quoted"" name" FROM runs, range(3000) r(x) ORDER BY run, x`;
    await writeReport(await report(sql), 'parquet', file);
    const { types, rows } = await readParquet(file);
    expect(types).toEqual([
      'VARCHAR',
      'DECIMAL(9,2)',
      'DATE',
      'BIGINT[]',
      'STRUCT("a" DOUBLE)',
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
      'BIGINT',
      'BIGINT',
    ]);
    expect(rows).toHaveLength(6000);
    expect(rows[5999]).toMatchObject({ d: '1.50', l: ['1', null], s: { a: 'NaN' }, 'a "quoted" name': '2999' });
  });

  it('holds no rows where there are none', async () => {
    const file = join(cwd, 'empty.parquet');
    await writeReport(await report('SELECT run, seed FROM runs WHERE false'), 'parquet', file);
    expect(await readParquet(file)).toEqual({ types: ['VARCHAR', 'BIGINT'], rows: [] });
  });

  it('is not written to a terminal', async () => {
    const made = await report();
    expect(() => formatReport(made, 'parquet')).toThrow('Parquet is not text: it goes to a file');
  });
});

describe('writeReport', () => {
  it.each<Format>(['table', 'json', 'csv', 'markdown'])('writes %s as it would be printed', async (format) => {
    const made = await report();
    const file = join(cwd, 'report');
    await writeReport(made, format, file);
    expect(readFileSync(file, 'utf8')).toBe(`${formatReport(made, format)}\n`);
    expect(readdirSync(cwd).sort()).toEqual(['report', 'runs']);
  });

  it.each<Format>(['csv', 'parquet'])('says why %s could not be written', async (format) => {
    mkdirSync(join(cwd, 'taken'));
    const made = await report();
    await expect(writeReport(made, format, join(cwd, 'taken'))).rejects.toThrow(`cannot write ${cwd}/taken: `);
    await expect(writeReport(made, format, join(cwd, 'no/such/dir'))).rejects.toThrow(
      `cannot write ${cwd}/no/such/dir: `,
    );
    expect(existsSync(join(cwd, 'no'))).toBe(false);
  });
});

describe('what is no regular file', () => {
  it.each<Format>(['csv', 'parquet'])('a pipe is written through with %s, and stays a pipe', async (format) => {
    const pipe = join(cwd, 'pipe');
    const copy = join(cwd, 'copy');
    execFileSync('mkfifo', [pipe]);
    const made = await report('SELECT 1 AS x');
    const reader = pipeline(createReadStream(pipe), createWriteStream(copy));
    await writeReport(made, format, pipe);
    await reader;
    expect(statSync(pipe).isFIFO()).toBe(true);
    if (format === 'csv') expect(readFileSync(copy, 'utf8')).toBe('x\n1\n');
    else expect((await readParquet(copy)).rows).toEqual([{ x: 1 }]);
  });

  it('a full device ends in one line', async () => {
    const made = await report('SELECT 1 AS x');
    await expect(writeReport(made, 'csv', '/dev/full')).rejects.toThrow(
      /^cannot write \/dev\/full: no space left on the device$/,
    );
  });

  it('a link stays one, to a file that is replaced and keeps its mode', async () => {
    const file = join(cwd, 'file');
    writeFileSync(file, 'old', { mode: 0o640 });
    symlinkSync('file', join(cwd, 'link'));
    await writeReport(await report('SELECT 1 AS x'), 'csv', join(cwd, 'link'));
    expect(readFileSync(file, 'utf8')).toBe('x\n1\n');
    expect(lstatSync(join(cwd, 'link')).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(cwd).sort()).toEqual(['file', 'link', 'runs']);
  });

  it('a name that reads like a pattern is a name', async () => {
    for (const name of ['a*.parquet', '[1].parquet', "it's {i}.parquet"]) {
      await writeReport(await report('SELECT 1 AS x'), 'parquet', join(cwd, name));
    }
    expect(readdirSync(cwd).sort()).toEqual(['[1].parquet', 'a*.parquet', "it's {i}.parquet", 'runs']);
  });
});

describe('CSV', () => {
  it('has no empty lines, which readers skip', async () => {
    expect(formatReport(await report(`SELECT unnest([NULL, '', 'x']) AS x`), 'csv')).toBe('x\n""\n""\nx');
  });

  it('writes out numbers beyond all others', async () => {
    const sweep = join(cwd, 'runs/grid');
    writeRun(join(sweep, 'huge0'), { seed: 0, spec: { huge: 1 }, metrics: [{ step: 0, m: 1e308 }] });
    writeRun(join(sweep, 'huge1'), { seed: 1, spec: { huge: 1 }, metrics: [{ step: 0, m: 1e308 }] });
    const opposite = [-1.7e308, 1.7e308];
    opposite.forEach((m, seed) => {
      writeRun(join(sweep, `opposite${seed}`), { seed, spec: { huge: 2 }, metrics: [{ step: 0, m }] });
    });
    const made = await makeReport({ directories: ['runs'], cwd, metric: 'm' });
    const text = formatReport(made, 'csv');
    expect(text).toContain(',m,,last,1e+308,0,2,2,');
    expect(text).toContain(',m,,last,0,Infinity,2,2,');
    const file = join(cwd, 'x.parquet');
    await writeReport(made, 'parquet', file);
    expect((await readParquet(file)).rows.map(({ sd }) => sd)).toContain('Infinity');
    expect(formatReport(made, 'json')).toContain('"sd": "Infinity"');
  });

  it('of a question keeps numbers exact and quotes what needs it', async () => {
    const made = await report(`SELECT 0.1 + 0.2::DOUBLE AS "a,b", 'x"y' AS t, NULL AS n, 'two
lines' AS l, axes FROM runs LIMIT 1`);
    expect(formatReport(made, 'csv')).toBe(
      '"a,b",t,n,l,axes\n0.30000000000000004,"x""y",,"two\nlines","{""lr"":0.00001,""data.name"":""é \\""x\\""""}"',
    );
  });
});
