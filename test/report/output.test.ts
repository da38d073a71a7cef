import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

describe('CSV', () => {
  it('of a question keeps numbers exact and quotes what needs it', async () => {
    const made = await report(`SELECT 0.1 + 0.2::DOUBLE AS "a,b", 'x"y' AS t, NULL AS n, 'two
lines' AS l, axes FROM runs LIMIT 1`);
    expect(formatReport(made, 'csv')).toBe(
      '"a,b",t,n,l,axes\n0.30000000000000004,"x""y",,"two\nlines","{""lr"":0.00001,""data.name"":""é \\""x\\""""}"',
    );
  });
});
