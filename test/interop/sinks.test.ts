// Loggers held against the tools that they write for: a run that is killed again and again and goes on is read back by TensorBoard,
// Trackio, a server of MLflow and W&B's uploader, each step once, with the values of metrics.jsonl. And what those tools write is imported.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { callsOf, killBeforeCall } from '../support/crashes.ts';
import { freePort } from '../support/ports.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { pythonOf } from './venv.ts';
import { wandbServer } from './wandb_server.ts';

const environment = await pythonOf({
  name: 'loggers',
  requirements: join(import.meta.dirname, 'sinks_requirements.txt'),
  packages: 'MLflow, TensorBoard, Trackio and W&B, about 1 GB,',
});
if ('missing' in environment) process.stderr.write(`interop: LOGGERS ARE SKIPPED: ${environment.missing}\n`);
const python = 'missing' in environment ? '' : environment.path;

/** Parts of all calls on files after which the process is killed, one kill a number. */
const MOMENTS = [0.1, 0.35, 0.2, 0.3, 0.15, 0.25];
/** Requests to MLflow's server at which it is killed, before the server has them or after. */
const REQUESTS = [3, 7, 12, 60, 90];
const STEPS = 10;

let directory: string;
let mlflow: { url: string; child: ChildProcess };

async function startMlflow(place: string): Promise<typeof mlflow> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const store = [
    '--backend-store-uri',
    `sqlite:///${place}/mlflow.db`,
    '--artifacts-destination',
    join(place, 'artifacts'),
  ];
  const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...store];
  const child = spawn(python, args, { cwd: place, stdio: 'ignore', detached: true });
  for (let tries = 0; tries < 240; tries++) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return { url, child };
    await sleep(500);
  }
  throw new Error('no server of MLflow');
}

beforeAll(async () => {
  if ('missing' in environment) return;
  directory = await mkdtemp(join(tmpdir(), 'cookbook-loggers-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'data.jsonl'), conversationLines(4 * STEPS + 4));
  mlflow = await startMlflow(directory);
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: supervised
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 4, test_size: 4}
learning_rate: 0.02
lora_rank: 4
num_epochs: 1
eval_every: 4
save_every: 3
`,
  );
}, 240_000);

afterAll(() => {
  // The server's workers are in its group.
  if (mlflow?.child.pid !== undefined) process.kill(-mlflow.child.pid);
});

function run(name: string, loggers: string, env: Record<string, string> = {}): Promise<CliResult> {
  return cookbook(['run', 'spec.yaml', `log_path=${name}`, `loggers=${loggers}`], { cwd: directory, env });
}

type Row = Record<string, number | string>;

async function rowsOf(name: string): Promise<Row[]> {
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line): Row => JSON.parse(line));
}

/** The rows as tools tell them: values by step, by metric. */
function byMetric(rows: Row[], kept = (value: number | string): number | string => value): Record<string, unknown[]> {
  const metrics: Record<string, [number, number | string][]> = {};
  for (const { step, ...row } of rows) {
    for (const [metric, value] of Object.entries(row)) {
      metrics[metric] = [...(metrics[metric] ?? []), [Number(step), kept(value)]];
    }
  }
  return metrics;
}

async function readBack(args: string[], env: Record<string, string> = {}) {
  const script = join(import.meta.dirname, 'sinks.py');
  const { stdout } = await execa(python, ['-W', 'ignore', script, ...args], { env, timeout: 120_000 });
  return JSON.parse(stdout.split('\n').at(-1) ?? '');
}

describe.skipIf('missing' in environment)('a run that is killed and goes on', () => {
  it('between any two calls on its files, has each step once in TensorBoard, Trackio and W&B', {
    timeout: 600_000,
  }, async () => {
    const loggers = '[tensorboard, wandb, {builder: trackio, directory: trackio, project: killed}]';
    const whole = await run('whole', '[tensorboard, wandb]', killBeforeCall(0, join(directory, 'whole')));
    expect(whole).toMatchObject({ code: 0 });
    const calls = callsOf(whole);
    let killed = 0;
    for (const moment of MOMENTS) {
      const fault = killBeforeCall(Math.ceil(moment * calls), join(directory, 'killed'));
      if ((await run('killed', loggers, fault)).signal === 'SIGKILL') killed += 1;
    }
    expect(killed).toBeGreaterThan(2);
    expect(await run('killed', loggers)).toMatchObject({ code: 0 });
    const rows = await rowsOf('killed');
    expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: STEPS + 1 }, (_, step) => step));

    const float32 = (value: number | string) => (typeof value === 'number' ? Math.fround(value) : value);
    expect(await readBack(['tensorboard', join(directory, 'killed/tensorboard')])).toEqual(byMetric(rows, float32));

    const ofTrackio = await readBack(['trackio', 'killed'], { TRACKIO_DIR: join(directory, 'trackio') });
    expect(ofTrackio).toMatchObject([{ name: 'killed', config: { learning_rate: 0.02, trainer: 'supervised' } }]);
    const logs: (Row & { timestamp: string })[] = ofTrackio[0].logs;
    expect(logs.map(({ timestamp: _, ...row }) => row)).toEqual(rows);

    const server = await wandbServer();
    const parent = join(directory, 'killed/wandb');
    const [offline = '', ...others] = await readdir(parent);
    expect(others).toEqual([]);
    const env = {
      WANDB_BASE_URL: server.url,
      WANDB_API_KEY: 'a'.repeat(40),
      WANDB_CONFIG_DIR: directory,
      HOME: directory,
    };
    await execa(python, ['-m', 'wandb', 'sync', join(parent, offline)], { env, timeout: 120_000 });
    const [[id, uploaded] = ['', []]] = server.history;
    expect(offline.endsWith(id)).toBe(true);
    const ours = (uploaded ?? []).map((row) => {
      const { _step: step, _timestamp, _runtime, ...metrics } = Object(row);
      return { step, ...metrics };
    });
    expect(ours).toEqual(rows);
    expect(server.exits.get(id)).toBe(0);
    expect(server.configs.join()).toContain('learning_rate');
  });

  it('at any request to a server of MLflow, has each step once there', { timeout: 600_000 }, async () => {
    let child: ChildProcess | null = null;
    let left = 0;
    let killAfter = false;
    const kill = () => child?.kill('SIGKILL');
    const proxy = createServer((incoming, outgoing) => {
      left -= 1;
      if (left === 0 && !killAfter) {
        kill();
        incoming.socket.destroy();
        return;
      }
      const isLast = left === 0;
      const { method, headers, url } = incoming;
      const passed = request(
        `${mlflow.url}${url}`,
        { method, headers: { ...headers, host: new URL(mlflow.url).host } },
        (answer) => {
          if (isLast) kill();
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      incoming.pipe(passed);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const address = proxy.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const loggers = `[{builder: mlflow, tracking_uri: "http://127.0.0.1:${port}", experiment_name: killed}]`;
    const args = ['run', 'spec.yaml', 'log_path=served', `loggers=${loggers}`];
    let killed = 0;
    for (const at of REQUESTS) {
      killAfter = !killAfter;
      left = at;
      const onLine = (_: number, process: ChildProcess) => {
        child = process;
      };
      if ((await cookbook(args, { cwd: directory, onLine })).signal === 'SIGKILL') killed += 1;
    }
    expect(killed).toBeGreaterThan(2);
    left = 0;
    expect(await cookbook(args, { cwd: directory })).toMatchObject({ code: 0 });
    const rows = await rowsOf('served');
    expect(rows).toHaveLength(STEPS + 1);
    const [kept, ...others] = await readBack(['mlflow', mlflow.url, 'killed']);
    expect(others).toEqual([]);
    expect(kept).toMatchObject({ status: 'FINISHED', params: { learning_rate: '0.02', 'dataset.batch_size': '4' } });
    expect(kept.metrics).toEqual(byMetric(rows));
  });
});

describe.skipIf('missing' in environment)('importing', () => {
  it('what W&B, Trackio and MLflow have written, gives their rows and configs, and nothing twice', {
    timeout: 300_000,
  }, async () => {
    const place = await temporaryDirectory();
    const env = {
      TRACKIO_DIR: join(place, 'trackio'),
      WANDB_MODE: 'offline',
      MLFLOW_ALLOW_FILE_STORE: 'true',
      HOME: place,
    };
    await readBack(['write_all', place], env);
    const args = ['import', '.', '--to', 'imported', '--json'];
    const first = JSON.parse((await cookbook(args, { cwd: place })).stdout);
    expect(first.runs.map(({ kind, name, steps, change }: Row) => [kind, name, steps, change])).toEqual([
      ['mlflow', 'by mlflow', 5, 'new'],
      ['trackio', 'by trackio', 5, 'new'],
      ['wandb', 'by wandb', 5, 'new'],
    ]);
    for (const { directory } of first.runs) {
      const rows = (await readFile(join(directory, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
      expect(rows.map((row) => JSON.parse(row))).toMatchObject([
        { step: 0, loss: 1, odd: 0 },
        { step: 1, loss: 1 / 2, odd: 1 },
        { step: 2, loss: 1 / 3, odd: 'NaN' },
        { step: 3, loss: 1 / 4, odd: 3 },
        { step: 4, loss: 1 / 5, odd: 4 },
      ]);
      expect(JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'))).toMatchObject({ lr: 0.1 });
    }
    const again = JSON.parse((await cookbook(args, { cwd: place })).stdout);
    expect(again.runs.map(({ change }: Row) => change)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    const sql = 'SELECT run, count(*) AS rows, min(loss) AS loss FROM metrics GROUP BY run ORDER BY run';
    const report = await cookbook(['report', 'imported', '--sql', sql, '--format', 'json'], { cwd: place });
    expect(JSON.parse(report.stdout)).toMatchObject([
      { rows: 5, loss: 0.2 },
      { rows: 5, loss: 0.2 },
      { rows: 5, loss: 0.2 },
    ]);
  });
});
