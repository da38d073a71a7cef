// Importing what other tools, and those who mean harm, have left: what is read, what is told, and that nothing lands elsewhere.

import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { importCommand } from '../../src/imports/command.ts';
import { EventFile } from '../../src/sinks/tensorboard/event_file.ts';
import { events } from '../../src/sinks/tensorboard/events.ts';
import { encodeRecord } from '../../src/sinks/tensorboard/records.ts';
import { encodePieces, FILE_HEADER } from '../../src/sinks/wandb/log_file.ts';
import { encoded, headerRecord, rowRecords } from '../../src/sinks/wandb/records.ts';
import { loggedRun, rowsUpTo } from '../sinks/support.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

async function imported(cwd: string, sources = ['.']) {
  const problems: string[] = [];
  const notify = (message: string) => problems.push(message.replaceAll(cwd, 'DIR'));
  const { runs, failed, lines } = await importCommand(sources, { to: join(cwd, 'out'), cwd, notify });
  return { runs, failed, lines, problems };
}

async function write(cwd: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
}

async function rowsIn(directory = ''): Promise<unknown[]> {
  const text = await readFile(join(directory, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function event(step: number, tag: string, simple_value: number): Buffer {
  return encodeRecord(events.encode('Event', { wall_time: 1, step, summary: { value: [{ tag, simple_value }] } }));
}

function wandbFile(records: readonly object[]): Buffer {
  return records.reduce<Buffer>(
    (file, record, i) => Buffer.concat([file, encodePieces(encoded(record, i + 1), file.length)]),
    FILE_HEADER,
  );
}

describe('TensorBoard', () => {
  it('what the logger wrote comes back, with its configuration', async () => {
    const cwd = await temporaryDirectory();
    const file = new EventFile(join(cwd, 'logs/a'), { run: loggedRun(cwd), signal: new AbortController().signal });
    await file.open(rowsUpTo(3));
    await file.close('done');
    const { runs, problems } = await imported(cwd);
    expect(problems).toEqual([]);
    expect(runs).toMatchObject([{ kind: 'tensorboard', name: 'logs/a', steps: 3, change: 'new' }]);
    expect(await rowsIn(runs[0]?.directory)).toEqual([
      { step: 0, loss: 1, 'env/reward': 0 },
      { step: 1, loss: 0.5, 'env/reward': 1 },
      { step: 2, loss: 0.33333334, 'env/reward': 2 },
    ]);
    expect(JSON.parse(await readFile(join(runs[0]?.directory ?? '', 'config.json'), 'utf8'))).toMatchObject({
      learning_rate: 0.1,
      'dataset.builder': 'file',
    });
  });

  it('torn and damaged records are told, and the others are read', async () => {
    const cwd = await temporaryDirectory();
    const damaged = event(1, 'loss', 2);
    damaged[14] = (damaged[14] ?? 0) ^ 1;
    const rubbish = encodeRecord(Buffer.from([0xff, 0xff, 0xff]));
    const bytes = Buffer.concat([
      event(0, 'loss', 1),
      damaged,
      rubbish,
      event(2, 'loss', 3),
      event(3, 'loss', 4).subarray(0, 9),
    ]);
    await write(cwd, { 'x.tfevents.1': bytes });
    const { runs, problems } = await imported(cwd);
    expect(await rowsIn(runs[0]?.directory)).toEqual([
      { step: 0, loss: 1 },
      { step: 2, loss: 3 },
    ]);
    expect(problems).toEqual(['DIR/x.tfevents.1: 2 damaged records left out']);
  });

  it('steps that were taken again count as they were taken last', async () => {
    const cwd = await temporaryDirectory();
    const again = encodeRecord(events.encode('Event', { wall_time: 1, step: 1, session_log: { status: 1 } }));
    const first = Buffer.concat([0, 1, 2].map((step) => event(step, 'loss', step)));
    await write(cwd, { 'a.tfevents.1': first, 'a.tfevents.2': Buffer.concat([again, event(1, 'loss', 9)]) });
    const { runs } = await imported(cwd);
    expect(await rowsIn(runs[0]?.directory)).toEqual([
      { step: 0, loss: 0 },
      { step: 1, loss: 9 },
    ]);
  });
});

describe('MLflow', () => {
  const store = {
    'mlruns/1/meta.yaml': 'experiment_id: "1"\nname: my experiment\n',
    'mlruns/1/r1/meta.yaml': 'run_id: r1\nrun_name: ../../../up\nstatus: 3\nstart_time: 1000\nend_time: 2000\n',
    'mlruns/1/r1/metrics/loss': '1 0.5 0\n2 nan 1\n3 inf 2\n4 word 3\n5 1.',
    'mlruns/1/r1/metrics/a/b': '1 1 0\n',
    'mlruns/1/r1/params/lr': '1e-3',
    'mlruns/1/r1/params/flag': 'True',
    'mlruns/1/gone/meta.yaml': 'run_id: gone\nlifecycle_stage: deleted\n',
  };

  it('a file store is read; what is damaged is told; a name is no path', async () => {
    const cwd = await temporaryDirectory();
    await write(cwd, store);
    const { runs, problems } = await imported(cwd);
    expect(runs).toMatchObject([{ kind: 'mlflow', steps: 3 }]);
    const { directory = '' } = runs[0] ?? {};
    expect(dirname(directory)).toBe(join(cwd, 'out/mlflow/my-experiment'));
    expect(await rowsIn(directory)).toEqual([
      { step: 0, 'a/b': 1, loss: 0.5 },
      { step: 1, loss: 'NaN' },
      { step: 2, loss: 'Infinity' },
    ]);
    expect(JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'))).toEqual({ flag: true, lr: 0.001 });
    expect(JSON.parse(await readFile(join(directory, 'status.json'), 'utf8'))).toMatchObject({ state: 'done' });
    expect(problems).toEqual(['metrics/loss: 2 damaged lines left out']);
  });

  it('a meta.yaml that would grow, and links, are not followed', async () => {
    const cwd = await temporaryDirectory();
    const bomb = `a: &a [x, x]\n${Array.from({ length: 20 }, (_, i) => `b${i}: &b${i} [*a, *a]`).join('\n')}\nrun_id: bomb\n`;
    await write(cwd, { ...store, 'mlruns/1/bomb/meta.yaml': bomb });
    await symlink('/', join(cwd, 'mlruns/root'));
    await symlink('/etc/passwd', join(cwd, 'mlruns/1/r1/params/passwd'));
    const { runs, problems } = await imported(cwd);
    expect(runs).toHaveLength(1);
    expect(await readFile(join(runs[0]?.directory ?? '', 'config.json'), 'utf8')).not.toContain('root');
    expect(problems.join()).toContain('DIR/mlruns/1/bomb: ');
  });
});

it('a parameter of MLflow that is too long, and a metric that cannot be read, cost no more than themselves', async () => {
  const cwd = await temporaryDirectory();
  await write(cwd, {
    'r/meta.yaml': 'run_id: r\n',
    'r/metrics/loss': '1 0.5 0\n',
    'r/metrics/huge': '',
    'r/params/prompt': 'a'.repeat(70_000),
    'r/params/lr': '0.1',
  });
  await truncate(join(cwd, 'r/metrics/huge'), 300 * 2 ** 20);
  const { runs, problems } = await imported(cwd);
  expect(await rowsIn(runs[0]?.directory)).toEqual([{ step: 0, loss: 0.5 }]);
  expect(JSON.parse(await readFile(join(runs[0]?.directory ?? '', 'config.json'), 'utf8'))).toEqual({ lr: 0.1 });
  expect(problems).toEqual([
    'DIR/r/metrics/huge: is larger than 256 MiB',
    'DIR/r/params/prompt: is larger than 0.0625 MiB',
  ]);
});

describe('Trackio', () => {
  async function database(cwd: string, sql: string): Promise<void> {
    const opened = new Database(join(cwd, 'p.db'));
    opened.exec(sql);
    opened.close();
  }

  it('a database of a version before 0.24 is read, by the names of runs', async () => {
    const cwd = await temporaryDirectory();
    await database(
      cwd,
      `CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT);
       INSERT INTO metrics VALUES (1, '2026-01-01T00:00:00', 'one', 0, '{"loss": 1.5, "image": {"_type": "trackio.image"}}'),
         (2, '2026-01-01T00:00:01', 'one', 0, '{"acc": 0.5}'), (3, '2026-01-01T00:00:02', 'two', 0, '{'),
         (4, '2026-01-01T00:00:02', 'two', 3, '{"loss": NaN}');`,
    );
    const { runs, problems } = await imported(cwd);
    expect(runs.map(({ name, steps }) => [name, steps])).toEqual([
      ['one', 1],
      ['two', 1],
    ]);
    expect(await rowsIn(runs[0]?.directory)).toEqual([{ step: 0, loss: 1.5, acc: 0.5 }]);
    expect(await rowsIn(runs[1]?.directory)).toEqual([{ step: 3, loss: 'NaN' }]);
    expect(problems).toEqual([
      'DIR/p.db: 1 damaged row left out',
      'DIR/p.db, one: 1 values are no numbers, texts or truth values at a step, and are left out',
    ]);
  });

  it('a view that would compute for ever is not asked', async () => {
    const cwd = await temporaryDirectory();
    await database(
      cwd,
      `CREATE VIEW metrics AS WITH RECURSIVE r(step) AS (SELECT 1 UNION ALL SELECT step + 1 FROM r)
       SELECT step, 'a' AS run_name, 'a' AS run_id, '' AS timestamp, '{}' AS metrics FROM r;`,
    );
    await expect(imported(cwd)).rejects.toThrow('no runs of other tools');
  });

  it('texts that are no UTF-8, wherever they stand, end nothing', async () => {
    const cwd = await temporaryDirectory();
    await database(
      cwd,
      `CREATE TABLE metrics (run_id TEXT, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT, QQQ TEXT);
       CREATE TABLE configs (run_id TEXT, config TEXT);
       INSERT INTO metrics VALUES (CAST(x'ff41' AS TEXT), CAST(x'ff' AS TEXT), CAST(x'fe42' AS TEXT), 0, '{"loss": 1}', ''),
         ('b', '', 'b', CAST(x'ff' AS TEXT), '{"loss": 2}', ''), ('c', '', 'c', 2, CAST(x'7bff' AS TEXT), ''),
         (7, '', NULL, 3, '{"loss": 4}', '');
       INSERT INTO configs VALUES (CAST(x'ff41' AS TEXT), '{"lr": 1}'), ('b', CAST(x'ff' AS TEXT));`,
    );
    const file = await readFile(join(cwd, 'p.db'));
    for (let at = file.indexOf('QQQ'); at >= 0; at = file.indexOf('QQQ', at)) file.fill(0xff, at, at + 3);
    await writeFile(join(cwd, 'p.db'), file);
    const { runs, problems } = await imported(cwd);
    expect(runs.map(({ name, steps }) => [name, steps])).toEqual([
      ['\ufffdB', 1],
      ['7', 1],
    ]);
    expect(JSON.parse(await readFile(join(runs[0]?.directory ?? '', 'config.json'), 'utf8'))).toEqual({ lr: 1 });
    expect(problems[0]).toBe('DIR/p.db: 1 damaged row left out');
  });

  it('a database of UTF-16 is read', async () => {
    const cwd = await temporaryDirectory();
    await database(
      cwd,
      `PRAGMA encoding = 'UTF-16be';
       CREATE TABLE metrics (timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT);
       INSERT INTO metrics VALUES ('2026-01-01T00:00:00', 'one', 0, '{"loss": 1.5}')`,
    );
    const { runs } = await imported(cwd);
    expect(runs).toMatchObject([{ name: 'one', steps: 1 }]);
  });

  it('a table that says of itself that it has more rows than its file has room for is given up', async () => {
    const cwd = await temporaryDirectory();
    const rows = Array.from({ length: 400 }, (_, i) => `(${i}, '', 'a', ${i}, '{"loss": 1}')`);
    await database(
      cwd,
      `CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT);
       INSERT INTO metrics VALUES ${rows.join(', ')};`,
    );
    await writeFile(join(cwd, 'p.db'), branching(await readFile(join(cwd, 'p.db'))));
    const problems: string[] = [];
    await importCommand(['.'], { to: 'out', cwd, notify: (message) => problems.push(message) }).catch(() => undefined);
    expect(problems.join()).toContain('p.db: is damaged: it has more rows than its file has room for');
  });

  it('a column that is computed when it is read is not asked, however it is written', async () => {
    const cwd = await temporaryDirectory();
    await database(
      cwd,
      `CREATE TABLE metrics (timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT AS/**/('{"loss":' || hex(zeroblob(3)) || '}'));
       INSERT INTO metrics (timestamp, run_name, step) VALUES ('', 'a', 0);`,
    );
    await expect(imported(cwd)).rejects.toThrow('no runs of other tools');
  });

  it('a file that only begins as a database is told', async () => {
    const cwd = await temporaryDirectory();
    await write(cwd, { 'p.db': `SQLite format 3\0${'x'.repeat(5_000)}`, 'notes.db': 'no database' });
    await expect(imported(cwd)).rejects.toThrow('no runs of other tools');
  });
});

describe('W&B', () => {
  it('a file is read as far as it is whole', async () => {
    const cwd = await temporaryDirectory();
    const rows = rowsUpTo(3).flatMap((row) => rowRecords(row, { time: 2_000, started: 1_000 }));
    const about = { run: { run_id: 'x', project: '../p', display_name: '\u001b[2J', config: { update: [] } } };
    const file = wandbFile([headerRecord(), about, ...rows]);
    await write(cwd, { 'wandb/offline-run-1-x/run-x.wandb': file.subarray(0, file.length - 4) });
    const { runs } = await imported(cwd);
    expect(runs).toMatchObject([{ kind: 'wandb', steps: 2, change: 'new' }]);
    expect(runs[0]?.directory.startsWith(join(cwd, 'out/wandb/p/'))).toBe(true);
    expect(await rowsIn(runs[0]?.directory)).toEqual([
      { step: 0, loss: 1, 'env/reward': 0, _timestamp: 2, _runtime: 1 },
      { step: 1, loss: 0.5, 'env/reward': 1, _timestamp: 2, _runtime: 1 },
    ]);
  });
});

describe('again', () => {
  it('adds what is new, and nothing twice', async () => {
    const cwd = await temporaryDirectory();
    await write(cwd, { 'logs/a/x.tfevents.1': event(0, 'loss', 1) });
    expect((await imported(cwd, ['logs'])).runs).toMatchObject([{ change: 'new', steps: 1 }]);
    expect((await imported(cwd, ['logs'])).runs).toMatchObject([{ change: 'unchanged', steps: 1 }]);
    await write(cwd, { 'logs/a/x.tfevents.2': event(1, 'loss', 2), 'logs/b/x.tfevents.1': event(0, 'loss', 1) });
    expect((await imported(cwd, ['logs'])).runs).toMatchObject([
      { change: 'changed', steps: 2 },
      { change: 'new', steps: 1 },
    ]);
    expect(await readdir(join(cwd, 'out/tensorboard'))).toHaveLength(2);
  });

  it('leaves a directory alone that holds something else', async () => {
    const cwd = await temporaryDirectory();
    await write(cwd, { 'logs/a/x.tfevents.1': event(0, 'loss', 1) });
    const { runs } = await imported(cwd, ['logs']);
    await writeFile(join(runs[0]?.directory ?? '', 'run.json'), '{}');
    await write(cwd, { 'logs/a/x.tfevents.2': event(1, 'loss', 2) });
    await expect(imported(cwd, ['logs'])).rejects.toThrow('no runs of other tools');
    expect(await rowsIn(runs[0]?.directory)).toHaveLength(1);
  });

  it('a run that cannot be written keeps no other from being written', async () => {
    const cwd = await temporaryDirectory();
    for (const name of ['a', 'b', 'c']) await write(cwd, { [`logs/${name}/x.tfevents.1`]: event(0, 'loss', 1) });
    const { directory = '' } = (await imported(cwd, ['logs/b'])).runs[0] ?? {};
    await rm(join(cwd, 'out'), { recursive: true });
    const before = await imported(cwd, ['logs']);
    const { directory: ofB = directory } = before.runs[1] ?? {};
    await rm(ofB, { recursive: true });
    await writeFile(ofB, 'in the way');
    const { runs, failed, lines, problems } = await imported(cwd, ['logs']);
    expect(runs.map(({ name, change }) => [name, change])).toEqual([
      ['a', 'unchanged'],
      ['c', 'unchanged'],
    ]);
    expect(failed).toMatchObject([{ kind: 'tensorboard', name: 'b' }]);
    expect(problems).toEqual([
      expect.stringMatching(/^b is left out: cannot create .*: a file of this name is there$/),
    ]);
    expect(lines.at(-1)).toContain('2 runs (0 new, 0 changed, 2 as before), 1 could not be written');
    expect(await readFile(ofB, 'utf8')).toBe('in the way');
  });

  it('a log that is written in several pieces is whole, and known again', async () => {
    const cwd = await temporaryDirectory();
    const tag = 'a/long/name/'.repeat(20);
    const events = Buffer.concat(Array.from({ length: 10_000 }, (_, step) => event(step, tag, step)));
    await write(cwd, { 'logs/x.tfevents.1': events });
    const { runs } = await imported(cwd, ['logs']);
    expect(await rowsIn(runs[0]?.directory)).toEqual(
      Array.from({ length: 10_000 }, (_, step) => ({ step, [tag]: step })),
    );
    expect((await imported(cwd, ['logs'])).runs).toMatchObject([{ change: 'unchanged', steps: 10_000 }]);
  });

  it('takes back how a run has ended where it has no end any more', async () => {
    const cwd = await temporaryDirectory();
    const rows = rowsUpTo(2).flatMap((row) => rowRecords(row, { time: 2_000, started: 1_000 }));
    const file = (...ending: object[]) => ({ 'wandb/run-x.wandb': wandbFile([headerRecord(), ...rows, ...ending]) });
    await write(cwd, file({ exit: { exit_code: 0 } }));
    const { directory = '' } = (await imported(cwd)).runs[0] ?? {};
    expect(await readdir(directory)).toContain('status.json');
    await write(cwd, file());
    expect((await imported(cwd)).runs).toMatchObject([{ change: 'changed', directory }]);
    expect(await readdir(directory)).not.toContain('status.json');
    expect((await imported(cwd)).runs).toMatchObject([{ change: 'unchanged' }]);
  });

  it('what is not there is an error', async () => {
    await expect(imported(await temporaryDirectory(), ['nowhere'])).rejects.toThrow('nowhere: there is no such file');
  });
});

describe('what is made to do harm', () => {
  it('a journal beside a database deletes nothing and changes nothing', async () => {
    const cwd = await temporaryDirectory();
    const database = new Database(join(cwd, 'evil.db'));
    database.exec(
      `CREATE TABLE metrics (timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT);
       INSERT INTO metrics VALUES ('2026-01-01T00:00:00', 'a', 0, '{"loss": 1}')`,
    );
    database.close();
    const before = await readFile(join(cwd, 'evil.db'));
    await write(cwd, { 'victim.txt': 'precious', 'evil.db-journal': journalNaming(join(cwd, 'victim.txt'), before) });
    await expect(imported(cwd)).rejects.toThrow('no runs of other tools');
    expect(await readFile(join(cwd, 'victim.txt'), 'utf8')).toBe('precious');
    expect(await readFile(join(cwd, 'evil.db'))).toEqual(before);
    expect((await readdir(cwd)).sort()).toEqual(['evil.db', 'evil.db-journal', 'victim.txt']);
  });

  it('a database that is being written to is read with what its log holds, and left as it is', async () => {
    const cwd = await temporaryDirectory();
    const database = new Database(join(cwd, 'live.db'));
    database.exec(
      `PRAGMA journal_mode = WAL;
       CREATE TABLE metrics (timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT);
       INSERT INTO metrics VALUES ('2026-01-01T00:00:00', 'a', 0, '{"loss": 1}')`,
    );
    const { runs } = await imported(cwd);
    database.close();
    expect(runs).toMatchObject([{ kind: 'trackio', steps: 1 }]);
  });

  it('a meta.yaml that is long to parse, and a metric of nothing but newlines, take no time', {
    timeout: 60_000,
  }, async () => {
    const cwd = await temporaryDirectory();
    const keys = Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join('\n');
    await write(cwd, {
      'a/meta.yaml': keys,
      'b/meta.yaml': 'run_id: b\n',
      'b/metrics/loss': Buffer.concat([Buffer.alloc(150 * 2 ** 20, '\n'), Buffer.from('1 0.5 0\n')]),
    });
    const { runs, problems } = await imported(cwd);
    expect(problems).toEqual(['DIR/a: is larger than 0.0625 MiB']);
    expect(runs).toMatchObject([{ kind: 'mlflow', steps: 1 }]);
  });
});

/** The database with a root of the first table that leads to the same rows again and again: four hundred times, in each of four levels. */
function branching(database: Buffer): Buffer {
  const [pageSize, root, levels, cells] = [4096, 2, 4, 400];
  const pageAt = (number: number) => database.subarray((number - 1) * pageSize, number * pageSize);
  const leaf = pageAt(root).readUInt32BE(pageAt(root).readUInt16BE(12));
  const firstNew = database.length / pageSize + 1;
  const pages = Array.from({ length: levels }, (_, level) => {
    const page = Buffer.alloc(pageSize);
    const child = level === 0 ? leaf : firstNew + level - 1;
    const place = (cell: number) => pageSize - 5 * (cell + 1);
    page.writeUInt8(5);
    page.writeUInt16BE(cells, 3);
    page.writeUInt16BE(place(cells - 1), 5);
    page.writeUInt32BE(child, 8);
    for (let cell = 0; cell < cells; cell++) {
      page.writeUInt16BE(place(cell), 12 + 2 * cell);
      page.writeUInt32BE(child, place(cell));
      page.writeUInt8(1, place(cell) + 4);
    }
    return page;
  });
  pages[levels - 1]?.copy(pageAt(root));
  const whole = Buffer.concat([database, ...pages]);
  whole.writeUInt32BE(whole.length / pageSize, 28);
  return whole;
}

/** A rollback journal that SQLite takes for one of several of the transaction that a file tells of, which it then deletes. */
function journalNaming(path: string, database: Buffer): Buffer {
  const magic = Buffer.from('d9d505f920a163d7', 'hex');
  const pageSize = 4096;
  const page = database.subarray(0, pageSize);
  const nonce = 1;
  let checksum = nonce;
  for (let i = pageSize - 200; i > 0; i -= 200) checksum += page[i] ?? 0;
  const name = Buffer.from(path);
  const numbers = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
    return bytes;
  };
  const header = Buffer.concat([magic, numbers(1, nonce, database.length / pageSize, 512, pageSize)]);
  const nameChecksum = name.reduce((sum, byte) => sum + byte, 0);
  return Buffer.concat([
    header,
    Buffer.alloc(512 - header.length),
    numbers(1),
    page,
    numbers(checksum),
    numbers(2 ** 30 / pageSize + 1),
    name,
    numbers(name.length, nameChecksum),
    magic,
  ]);
}
