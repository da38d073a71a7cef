// A project's database: rows of a run replaced in one transaction, others' left alone, and a database that is in use.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, it } from 'vitest';
import { databaseName, trackioDirectory } from '../../src/sinks/trackio/project.ts';
import { TrackioSink } from '../../src/sinks/trackio/sink.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { loggedRun, rowsUpTo } from './support.ts';

const { signal } = new AbortController();

function sinkOf(path: string, id: string, tell: (message: string) => void = () => undefined): TrackioSink {
  return new TrackioSink({ path, run: loggedRun('/runs/a', { id, name: id }), signal, tell });
}

function query(path: string, sql: string): unknown[] {
  const database = new Database(path);
  const rows = database.prepare(sql).raw().all();
  database.close();
  return rows;
}

const STEPS =
  'SELECT run_id, group_concat(step) FROM (SELECT * FROM metrics ORDER BY step) GROUP BY run_id ORDER BY run_id';

it('holds the rows that a run keeps, each once, and those of other runs as they were', async () => {
  const path = join(await temporaryDirectory(), 'below', 'p.db');
  for (const id of ['a', 'b']) {
    const sink = sinkOf(path, id);
    await sink.open([]);
    await sink.log(rowsUpTo(4, 1_000_000_000_000));
  }
  const again = sinkOf(path, 'a');
  await again.open(rowsUpTo(2, null));
  await again.log(rowsUpTo(3).slice(2));
  expect(query(path, STEPS)).toEqual([
    ['a', '0,1,2'],
    ['b', '0,1,2,3'],
  ]);
  expect(query(path, "SELECT timestamp, metrics FROM metrics WHERE run_id = 'a' AND step = 1")).toEqual([
    ['2001-09-09T01:46:40.000Z', '{"loss":0.5,"env/reward":1}'],
  ]);
  expect(query(path, 'SELECT count(*) FROM configs')).toEqual([[2]]);
});

it('waits for a database that is in use, without holding anything else up', async () => {
  const path = join(await temporaryDirectory(), 'p.db');
  const sink = sinkOf(path, 'a');
  await sink.open([]);
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  let isDone = false;
  const logging = sink.log(rowsUpTo(2)).then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
  other.exec('COMMIT');
  other.close();
  await logging;
  expect(query(path, STEPS)).toEqual([['a', '0,1']]);
});

it('refuses a database of an older Trackio', async () => {
  const path = join(await temporaryDirectory(), 'p.db');
  const older = new Database(path);
  older.exec(
    'CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)',
  );
  older.close();
  await expect(sinkOf(path, 'a').open([])).rejects.toThrow('older than 0.24');
  expect(query(path, "SELECT count(*) FROM sqlite_master WHERE name = 'configs'")).toEqual([[0]]);
});

it('metrics that Trackio has a column for get another name, and what is no number a word', async () => {
  const path = join(await temporaryDirectory(), 'p.db');
  const told: string[] = [];
  const sink = sinkOf(path, 'a', (message) => told.push(message));
  await sink.open([{ step: 0, metrics: { time: 1, loss: Number.NaN }, time: null }]);
  expect(query(path, 'SELECT metrics FROM metrics')).toEqual([['{"metric/time":1,"loss":"NaN"}']]);
  expect(told).toEqual(['time is called metric/time there']);
});

it('projects lie where Trackio looks, under names that are no paths', () => {
  expect(databaseName('my.project')).toBe('myproject.db');
  expect(databaseName('../../etc')).toBe('etc.db');
  expect(databaseName('…')).toBe('default.db');
  expect(trackioDirectory({ TRACKIO_DIR: '/here' })).toBe('/here');
  expect(trackioDirectory({ HF_HOME: '/hf' })).toBe('/hf/trackio');
});

it('texts of a database that are no UTF-8 do not end the run', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'damaged.db');
  await sinkOf(join(directory, 'p.db'), 'a').open(rowsUpTo(2));
  const database = new Database(join(directory, 'p.db'));
  database.exec(
    `UPDATE metrics SET timestamp = CAST(x'ff' AS TEXT);
     UPDATE configs SET created_at = CAST(x'ff' AS TEXT);
     ALTER TABLE metrics ADD COLUMN QQQ TEXT;
     VACUUM INTO '${path}'`,
  );
  database.close();
  const file = await readFile(path);
  for (let at = file.indexOf('QQQ'); at >= 0; at = file.indexOf('QQQ', at)) file.fill(0xff, at, at + 3);
  await writeFile(path, file);
  await sinkOf(path, 'a').open(rowsUpTo(3));
  expect(query(path, STEPS)).toEqual([['a', '0,1,2']]);
});
