// The board's server: what it finds and tells, that it follows what changes, who may ask, and that it writes notes and nothing else.

import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BoardRuns } from '../../src/board/runs.ts';
import { diffCommand } from '../../src/diff/command.ts';
import { objectOf } from '../../src/util/json.ts';
import { writeRun, writeSweep } from '../report/run_directories.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { type Board, type OpenedBoard, opened, updated } from './support.ts';

const rows = (count: number) =>
  Array.from({ length: count }, (_, step) => ({ step, 'test/nll': 2 - step / count, lr: 0.1 }));
const headline = [{ metric: 'test/nll', goal: 'minimize' as const, label: 'loss' }];

async function boardOf(board: OpenedBoard): Promise<Board> {
  return JSON.parse(await (await fetch(`${board.url}/api/board`)).text());
}

describe('what it tells', () => {
  it('of every run, and what it is judged by', async () => {
    const directory = await temporaryDirectory();
    writeSweep(join(directory, 'grid'));
    writeRun(join(directory, 'grid', 'a'), { axes: { learning_rate: 0.1 }, headline, metrics: rows(4) });
    writeRun(join(directory, 'b'), {
      state: 'failed',
      error: { code: 'X', message: 'no disk' },
      metrics: [{ step: 0, 'test/nll': 'NaN' }],
    });
    const { runs } = await boardOf(await opened(directory));
    expect(
      runs.map(({ run, sweep, state, step, metric, goal, value, error, axes }) => [
        run,
        sweep,
        state,
        step,
        metric,
        goal,
        value,
        error,
        axes,
      ]),
    ).toEqual([
      ['b', null, 'failed', 1, 'test/nll', 'minimize', 'NaN', 'no disk', {}],
      ['grid/a', 'grid', 'done', 4, 'test/nll', 'minimize', 1.25, null, { learning_rate: '0.1' }],
    ]);
  });

  it('of one run: its configuration, metrics, log and the SQL behind a chart', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, "it's"), { headline, metrics: rows(3) });
    const board = await opened(directory);
    const view = await board.json(`/api/run?run=${encodeURIComponent("it's")}`);
    expect(view).toMatchObject({
      metrics: [{ metric: 'test/nll', steps: [0, 1, 2], logged: 3 }, { metric: 'lr' }],
      log: { text: 'started\n', isWhole: true },
      notes: { revision: 0, tags: [], note: '' },
      config: expect.arrayContaining([['model_name', 'example_data/models/tiny']]),
    });
    expect(await board.json(`/api/curves?metric=lr&run=${encodeURIComponent("it's")}`)).toMatchObject({
      curves: [{ run: "it's", series: { values: [0.1, 0.1, 0.1] } }],
      metrics: ['test/nll', 'lr'],
      sql: `SELECT step, "lr"\nFROM metrics\nWHERE run = 'it''s' AND "lr" IS NOT NULL\nORDER BY step`,
    });
  });

  it('of two runs what cookbook diff tells, and in one line why it cannot', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'a'), { axes: { learning_rate: 0.1 }, headline, metrics: rows(4) });
    writeRun(join(directory, 'b'), { axes: { learning_rate: 0.2 }, headline, metrics: rows(2) });
    const board = await opened(directory);
    const { json } = await diffCommand({
      runs: ['a', 'b'],
      cwd: directory,
      tolerance: undefined,
      all: false,
      width: 80,
      notify: () => {},
    });
    expect(json).toMatchObject({ identity: [{ field: 'learning_rate' }] });
    const diffs = await Promise.all([1, 2, 3].map(() => board.json('/api/diff?run=a&run=b')));
    for (const diff of diffs) expect(diff).toEqual({ ...objectOf(json), notices: [] });
    expect(await board.json('/api/diff?run=a&run=c')).toEqual({ detail: 'there is no such run any more' });
    rmSync(join(directory, 'b'), { recursive: true });
    expect(await board.json('/api/diff?run=a&run=b')).toEqual({
      detail: expect.stringContaining('b: no such directory'),
    });
    expect(board.failures).toEqual([]);
  });

  it('nothing of what is no run, wherever the name leads', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'a'));
    const board = await opened(directory);
    for (const path of ['../../etc', 'a/../../etc', '/etc', ''])
      expect((await fetch(`${board.url}/api/run?run=${encodeURIComponent(path)}`)).status).toBe(404);
    expect((await fetch(`${board.url}/..%2f..%2fpackage.json`)).status).toBe(404);
    expect(board.failures).toEqual([]);
  });
});

describe('a link that has taken the place of', () => {
  const secretIn = async () => {
    const elsewhere = writeRun(join(await temporaryDirectory(), 'secret'));
    writeFileSync(join(elsewhere, 'logs.log'), 'secret');
    return elsewhere;
  };

  it('a run since it was found is not followed, and nothing is written where it leads', async () => {
    const [directory, elsewhere] = [await temporaryDirectory(), await secretIn()];
    writeRun(join(directory, 'a'));
    const board = await opened(directory);
    renameSync(join(directory, 'a'), join(directory, '.a'));
    symlinkSync(elsewhere, join(directory, 'a'));
    for (const what of ['run', 'log', 'transcripts'])
      expect(await board.json(`/api/${what}?run=a`)).toEqual({ detail: 'there is no such run any more' });
    expect(await board.json('/api/curves?run=a&metric=loss')).toMatchObject({ curves: [] });
    const { change } = await boardOf(board);
    const headers = { Origin: board.url, 'X-Board-Change': change };
    const body = JSON.stringify({ run: 'a', revision: 0, tags: [], note: 'x' });
    expect((await fetch(`${board.url}/api/notes`, { method: 'POST', headers, body })).status).toBe(404);
    expect(readdirSync(elsewhere)).not.toContain('notes.json');
    rmSync(join(directory, 'a'));
    renameSync(join(directory, '.a'), join(directory, 'a'));
    expect(await board.json('/api/run?run=a')).toMatchObject({ run: 'a' });
  });

  it('a log since it was found is not followed', async () => {
    const [directory, elsewhere] = [await temporaryDirectory(), await secretIn()];
    const log = join(writeRun(join(directory, 'a')), 'logs.log');
    writeFileSync(log, 'own');
    const board = await opened(directory);
    expect(await board.json('/api/log?run=a')).toMatchObject({ log: { text: 'own' } });
    rmSync(log);
    symlinkSync(join(elsewhere, 'logs.log'), log);
    expect(await board.json('/api/log?run=a')).toEqual({ detail: 'there is no such run any more' });
  });
});

describe('what changes', () => {
  it('is told within two seconds of a line in metrics.jsonl', async () => {
    const directory = await temporaryDirectory();
    const run = writeRun(join(directory, 'a'), { state: 'running', lease: 'live', headline, metrics: rows(2) });
    const board = await opened(directory);
    // The watch begins with the first page.
    await updated(board, ({ points }) => points.a !== undefined);
    let written = 0;
    const update = await updated(
      board,
      ({ points }) => points.a?.['test/nll']?.[0] === 7,
      () => {
        appendFileSync(join(run, 'metrics.jsonl'), '{"step":7,"test/nll":0.5}\n');
        written = performance.now();
      },
    );
    expect(performance.now() - written).toBeLessThan(2000);
    expect(update.runs).toMatchObject([{ run: 'a', step: 8, value: 0.5 }]);
  });

  it('is told to pages, and takes no place for who asks only whether it would be', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'a'));
    const board = await opened(directory);
    for (let i = 0; i < 40; i++) {
      const { status, headers } = await fetch(`${board.url}/api/events`, { method: 'HEAD' });
      expect([status, headers.get('allow')]).toEqual([405, 'GET']);
    }
    await updated(
      board,
      ({ runs }) => runs.some(({ run }) => run === 'b'),
      () => {
        writeRun(join(directory, 'b'));
      },
    );
  });

  it('is followed again when a directory that was gone is back', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'runs', 'a'));
    const board = await opened(directory, { directories: ['runs'] });
    await updated(
      board,
      ({ runs }) => runs.some(({ run }) => run === 'runs/b'),
      async () => {
        renameSync(join(directory, 'runs'), join(directory, 'away'));
        await expect.poll(() => board.notices).toEqual(['runs: no such directory']);
        renameSync(join(directory, 'away'), join(directory, 'runs'));
        writeRun(join(directory, 'runs', 'b'));
      },
    );
  });

  it('is not undone by a search that had read the run before', async () => {
    const directory = await temporaryDirectory();
    const run = writeRun(join(directory, 'a'));
    for (let i = 0; i < 40; i++) writeRun(join(directory, `b${i}`));
    const options = { directories: ['.'], cwd: directory, waits: false, onUpdate: () => {}, notify: () => {} };
    const runs = await BoardRuns.open(options);
    onTestFinished(() => runs.close());
    const tags = () => runs.rows().find((row) => row.run === 'a')?.tags;
    // It has read the first runs when it gives others a turn.
    const searching = runs.search();
    const notes = { schema_version: 1, revision: 1, tags: ['new'], note: '' };
    writeFileSync(join(run, 'notes.json'), JSON.stringify(notes));
    runs.reread('a');
    expect(tags()).toEqual(['new']);
    await searching;
    expect(tags()).toEqual(['new']);
    writeFileSync(join(run, 'notes.json'), JSON.stringify({ ...notes, tags: ['newer'] }));
    await runs.search();
    expect(tags()).toEqual(['newer']);
  });

  it('reaches no other object of the process, whatever runs and metrics are called', async () => {
    const directory = await temporaryDirectory();
    const metrics = ['{"step":0,"polluted":1,"toString":2,"__proto__":3}\n'];
    writeRun(join(directory, '__proto__'), { state: 'running', lease: 'live', metrics });
    writeRun(join(directory, 'constructor'), { state: 'running', lease: 'live', metrics });
    const board = await opened(directory);
    const { points } = await updated(board, (update) => Object.hasOwn(update.points, 'constructor'));
    expect(JSON.stringify(points.constructor)).toBe('{"polluted":[0,1],"toString":[0,2],"__proto__":[0,3]}');
    expect('polluted' in {}).toBe(false);
    expect(Object.keys(Object)).toEqual([]);
  });

  it('are runs that appear, and runs that end', async () => {
    const directory = await temporaryDirectory();
    const first = writeRun(join(directory, 'a'), { state: 'running', lease: 'live' });
    const board = await opened(directory);
    await updated(
      board,
      ({ runs }) => runs.some(({ run }) => run === 'b'),
      () => {
        writeRun(join(directory, 'b'));
      },
    );
    await updated(
      board,
      ({ runs }) => runs.some(({ run, state }) => run === 'a' && state === 'done'),
      () => {
        const status = JSON.parse(readFileSync(join(first, 'status.json'), 'utf8'));
        writeFileSync(join(first, 'status.json'), JSON.stringify({ ...status, state: 'done' }));
      },
    );
  });
});

/** A request with these headers, which `fetch` does not let one choose. */
function statusOf(url: string, headers: Record<string, string>, { method = 'GET', body = '' } = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('who may ask', () => {
  it('is no page of a website, by whatever name it has come', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'a'));
    const { url } = await opened(directory);
    expect(await statusOf(`${url}/api/board`, {})).toBe(200);
    expect(await statusOf(`${url}/api/board`, { Host: 'evil.example' })).toBe(403);
    expect(await statusOf(`${url}/api/board`, { Origin: 'http://evil.example' })).toBe(403);
    expect(await statusOf(`${url}/api/board`, { Origin: 'null' })).toBe(403);
    const fetched = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' };
    expect(await statusOf(`${url}/report`, fetched)).toBe(403);
    expect(await statusOf(`${url}/api/events`, { ...fetched, 'Sec-Fetch-Site': 'same-site' })).toBe(403);
    expect(await statusOf(url, { ...fetched, 'Sec-Fetch-Mode': 'navigate' })).toBe(200);
    expect(await statusOf(`${url}/api/board`, { Origin: url })).toBe(200);
  });

  it('with a token, is who has shown it once', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'a'));
    const { url } = await opened(directory, { token: 'a token that nobody guesses' });
    expect(await statusOf(`${url}/api/board`, {})).toBe(401);
    expect(await statusOf(`${url}/?token=another`, {})).toBe(401);
    const shown = await fetch(`${url}/?token=a%20token%20that%20nobody%20guesses`, { redirect: 'manual' });
    expect([shown.status, shown.headers.get('location')]).toEqual([303, '/']);
    const cookie = shown.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain('nobody');
    expect(await statusOf(`${url}/api/board`, { Cookie: cookie.split(';')[0] })).toBe(200);
  });

  it('a page loads nothing from elsewhere and runs nothing that stands in it', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'a'));
    const { url } = await opened(directory);
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(await page.text()).not.toMatch(/https?:/);
  });
});

describe('notes', () => {
  const send = async (board: OpenedBoard, notes: object, headers: Record<string, string> = {}) => {
    const { change } = await boardOf(board);
    return await fetch(`${board.url}/api/notes`, {
      method: 'POST',
      headers: { Origin: board.url, 'Content-Type': 'application/json', 'X-Board-Change': change, ...headers },
      body: JSON.stringify({ run: 'a', revision: 0, tags: [], note: '', ...notes }),
    });
  };

  it('are kept beside the run, and are all that is written', async () => {
    const directory = await temporaryDirectory();
    const run = writeRun(join(directory, 'a'));
    const before = readdirSync(run);
    const board = await opened(directory);
    expect(await (await send(board, { tags: [' x ', 'x', ''], note: '<b>hm</b>' })).json()).toEqual({
      revision: 1,
      tags: ['x'],
      note: '<b>hm</b>',
    });
    expect(readdirSync(run).filter((name) => !before.includes(name))).toEqual(['notes.json']);
    expect((await boardOf(board)).runs).toMatchObject([{ tags: ['x'], note: '<b>hm</b>' }]);
    expect(JSON.parse(readFileSync(join(run, 'notes.json'), 'utf8'))).toEqual({
      schema_version: 1,
      revision: 1,
      tags: ['x'],
      note: '<b>hm</b>',
    });
  });

  it('of somebody else are not written over', async () => {
    const directory = await temporaryDirectory();
    writeRun(join(directory, 'a'));
    const board = await opened(directory);
    const answers = await Promise.all(['one', 'two', 'three'].map((note) => send(board, { note })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const late = await send(board, { note: 'four' });
    expect(late.status).toBe(409);
    expect(await late.json()).toMatchObject({ now: { revision: 1 } });
  });

  it('are left as they are where they cannot be read, and bounded', async () => {
    const directory = await temporaryDirectory();
    const run = writeRun(join(directory, 'a'));
    writeFileSync(join(run, 'notes.json'), '{"schema_version":2}');
    const board = await opened(directory);
    expect(board.notices).toEqual(['a: notes.json: is of another version']);
    expect((await send(board, { note: 'x' })).status).toBe(400);
    expect(readFileSync(join(run, 'notes.json'), 'utf8')).toBe('{"schema_version":2}');
    expect((await send(board, { note: 'x'.repeat(20_001) })).status).toBe(400);
    expect((await send(board, { note: 'x'.repeat(300_000) })).status).toBe(413);
  });

  it('come from a page of this board alone', async () => {
    const directory = await temporaryDirectory();
    const run = writeRun(join(directory, 'a'));
    const board = await opened(directory);
    expect((await send(board, {}, { 'X-Board-Change': 'guessed' })).status).toBe(403);
    const body = JSON.stringify({ run: 'a', revision: 0, tags: [], note: '' });
    const { change } = await boardOf(board);
    expect(await statusOf(`${board.url}/api/notes`, { 'X-Board-Change': change }, { method: 'POST', body })).toBe(403);
    expect(readdirSync(run)).not.toContain('notes.json');
  });
});
