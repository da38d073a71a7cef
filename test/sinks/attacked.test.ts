// Loggers whose disk is full, and whose server refuses, hangs, lies or never ends: each tells it, and has every row once it can.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MlflowApi } from '../../src/sinks/mlflow/api.ts';
import { MlflowSink } from '../../src/sinks/mlflow/sink.ts';
import { EventFile } from '../../src/sinks/tensorboard/event_file.ts';
import { events } from '../../src/sinks/tensorboard/events.ts';
import { decodeRecords } from '../../src/sinks/tensorboard/records.ts';
import { TrackioSink } from '../../src/sinks/trackio/sink.ts';
import { decodePieces } from '../../src/sinks/wandb/log_file.ts';
import { OfflineRun } from '../../src/sinks/wandb/offline_run.ts';
import { decoded } from '../../src/sinks/wandb/records.ts';
import type { Sink } from '../../src/training/sink.ts';
import { CAN_MOUNT, fill, smallDisk } from '../support/small_disk.ts';
import { loggedRun, rowsUpTo } from './support.ts';

/** A logger whose files lie in a directory, and the steps that a reader finds there. */
type Made = { sink: Sink; steps(): number[] };

const never = () => new AbortController().signal;

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const KINDS: Record<string, (directory: string) => Made> = {
  tensorboard: (directory) => ({
    sink: new EventFile(join(directory, 'tensorboard'), { run: loggedRun(directory), signal: never() }),
    steps: () =>
      filesIn(join(directory, 'tensorboard')).flatMap((file) => {
        const { records, damaged, problem } = decodeRecords(readFileSync(file));
        expect([damaged, problem]).toEqual([0, null]);
        const rows = records.map((record) => events.decode('Event', record));
        return rows.flatMap(({ step, summary, wall_time }) =>
          summary === undefined || wall_time === undefined || JSON.stringify(summary).includes('_hparams_')
            ? []
            : Number(step),
        );
      }),
  }),
  wandb: (directory) => ({
    sink: new OfflineRun({
      run: loggedRun(directory),
      signal: never(),
      tell: () => {},
      directory,
      project: 'p',
      entity: null,
    }),
    steps: () =>
      filesIn(join(directory, 'wandb'))
        .filter((file) => file.endsWith('.wandb'))
        .flatMap((file) => {
          const { records, damaged, problem } = decodePieces(readFileSync(file));
          expect([damaged, problem]).toEqual([0, null]);
          return records
            .map(decoded)
            .flatMap(({ history }) =>
              history === undefined ? [] : Number(JSON.parse(JSON.stringify(history)).step.num),
            );
        }),
  }),
  trackio: (directory) => {
    const path = join(directory, 'trackio', 'p.db');
    return {
      sink: new TrackioSink({ path, run: loggedRun(directory), signal: never(), tell: () => {} }),
      steps() {
        const database = new Database(path);
        const rows = database.prepare('SELECT step FROM metrics ORDER BY step').all();
        database.close();
        return rows.map((row) => Number(JSON.parse(JSON.stringify(row)).step));
      },
    };
  },
};

describe.skipIf(!CAN_MOUNT)('a disk that is full', () => {
  it.each(Object.keys(KINDS))('is told by %s, which has each step once as soon as there is room', async (kind) => {
    const directory = await smallDisk(400);
    const { sink, steps } = KINDS[kind](directory);
    await sink.open(rowsUpTo(3));
    const free = await fill(directory);
    const full = async () => {
      for (let step = 3; step < 3000; step++) await sink.log([{ step, metrics: { loss: step }, time: Date.now() }]);
    };
    await expect(full()).rejects.toThrow(/no space|full/i);
    await expect(sink.open(rowsUpTo(2000))).rejects.toThrow(/no space|full/i);
    free();
    await sink.open(rowsUpTo(50));
    await sink.log(rowsUpTo(52).slice(50));
    await sink.close('done');
    expect(steps()).toEqual(Array.from({ length: 52 }, (_, step) => step));
  });
});

async function sinkOf(answer: RequestListener, signal = never()): Promise<MlflowSink> {
  const server = createServer(answer);
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const api = new MlflowApi(`http://127.0.0.1:${port}`, { env: { MLFLOW_TRACKING_TOKEN: 'secret-token' }, signal });
  return new MlflowSink({ api, experimentName: 'e', run: loggedRun('/nowhere'), tell: () => {} });
}

describe('an MLflow server', () => {
  it('that is not there is told', async () => {
    const api = new MlflowApi('http://127.0.0.1:9', { env: {}, signal: never() });
    const sink = new MlflowSink({ api, experimentName: 'e', run: loggedRun('/nowhere'), tell: () => {} });
    await expect(sink.open(rowsUpTo(2))).rejects.toThrow(/no answer from http:\/\/127\.0\.0\.1:9/);
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'refuses',
      (_, answer) => answer.writeHead(401).end('{"error_code":"PERMISSION_DENIED","message":"no, secret-token"}'),
      /HTTP 401 no, \*\*\*/,
    ],
    [
      'fails with a page',
      (_, answer) => answer.writeHead(502).end('<script>alert(1)</script>'),
      /HTTP 502 the answer is none of MLflow/,
    ],
    ['answers another question', (_, answer) => answer.end('[]'), /the answer is none of MLflow/],
    ['gives no experiment', (_, answer) => answer.end('{"experiment":{}}'), /gave no experiment_id/],
    [
      'sends codes that steer a terminal',
      (_, answer) => answer.writeHead(400).end(JSON.stringify({ message: '\u001b[2Jgone' })),
      /HTTP 400 \\u001b\[2Jgone/,
    ],
    [
      'cuts its answer short',
      (_, answer) => void answer.writeHead(200, { 'Content-Length': '100' }).write('{', () => answer.destroy()),
      /no answer from/,
    ],
    ['sends elsewhere', (_, answer) => answer.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end(), /HTTP 302/],
    ['has a history that does not end', historyWithoutEnd(), /does not end/],
  ])('that %s is told in a line', async (_, answer, message) => {
    const sink = await sinkOf(answer);
    const end = await sink.open(rowsUpTo(2)).catch((error: unknown) => error);
    expect(String(end)).toMatch(message);
    expect(String(end)).not.toContain('secret-token');
    expect(String(end).split('\n')).toHaveLength(1);
  });

  it('that has more values than the run ever logged is not read to its end', async () => {
    const asked: string[] = [];
    const sink = await sinkOf(({ url = '' }, answer) => {
      asked.push(url.replace(/.*\/mlflow\/|\?.*/g, ''));
      const metrics = Array.from({ length: 100 }, (_, step) => ({ key: 'loss', value: 1, step }));
      if (url.includes('get-history')) return answer.end(JSON.stringify({ metrics, next_page_token: 'more' }));
      if (url.includes('runs/create')) return answer.end('{"run":{"info":{"run_id":"new"}}}');
      return historyWithoutEnd()({ url }, answer);
    });
    await sink.open(rowsUpTo(2));
    expect(asked.filter((path) => path === 'metrics/get-history')).toHaveLength(1);
    expect(asked.slice(-2)).toEqual(['runs/log-batch', 'runs/delete']);
  });

  it('that answers more than a run can have said is not listened to', async () => {
    const sink = await sinkOf((_, answer) =>
      answer.end(Buffer.concat([Buffer.alloc(20 * 2 ** 20, '['), Buffer.from(']')])),
    );
    await expect(sink.open(rowsUpTo(2))).rejects.toThrow(/it is larger than 16777216 bytes/);
  });

  it('that never answers, or sends without end, is given up with the run', async () => {
    for (const answer of [() => {}, endless]) {
      const leave = new AbortController();
      const sink = await sinkOf(answer, leave.signal);
      const opening = expect(sink.open(rowsUpTo(2))).rejects.toThrow();
      setTimeout(() => leave.abort(), 200);
      await opening;
    }
  });
});

const endless: RequestListener = (_, answer) => {
  const more = () => {
    while (!answer.destroyed && answer.write('x'.repeat(65_536)));
  };
  answer.on('drain', more);
  more();
};

/** A run that has a metric, of whose values there is always another page. */
function historyWithoutEnd(): (request: { url?: string }, answer: ServerResponse) => void {
  return ({ url = '' }, answer) => {
    if (url.includes('get-history')) return answer.end(JSON.stringify({ metrics: [], next_page_token: 'more' }));
    if (url.includes('experiments'))
      return answer.end(JSON.stringify({ experiment: { experiment_id: '1', lifecycle_stage: 'active' } }));
    return answer.end(JSON.stringify({ runs: [{ info: { run_id: 'r' }, data: { metrics: [{ key: 'loss' }] } }] }));
  };
}
