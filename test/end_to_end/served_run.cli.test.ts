// The same spec in this process and on a server of this package: the same metrics and weights to the bit, whatever befalls the server.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import type { CheckpointRecord } from '../../src/tinker/server/run_record.ts';
import { type CliOptions, cookbook } from '../support/cli.ts';
import { faultyProxy } from '../support/faulty_proxy.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const ROOT = join(import.meta.dirname, '../..');
const MODEL = join(ROOT, 'example_data/models/tiny');

interface Server {
  url: string;
  port: string;
  data: string;
  process: ChildProcess;
}

async function serve(data: string, port = '0'): Promise<Server> {
  const args = ['serve', '--model', MODEL, '--port', port, '--data', data];
  const server = spawn(process.execPath, [join(ROOT, 'bin/run.js'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) return { url, port: new URL(url).port, data, process: server };
  }
  throw new Error('the server ended before it listened');
}

/** Rows of metrics without what the clock decides. */
async function metricsOf(run: string): Promise<object[]> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) =>
    Object.fromEntries(Object.entries(JSON.parse(line)).filter(([name]) => !name.startsWith('time/'))),
  );
}

/** Digests would do; a difference of files is told by name. */
async function filesBelow(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const contents = await Promise.all(
    files.map(async (path) => [relative(directory, path), await readFile(path, 'base64')]),
  );
  return Object.fromEntries(contents);
}

/** Of the last run that trained on a server: what its checkpoint holds. */
async function savedOn({ data }: Server, run: string, kind: string): Promise<Record<string, string>> {
  const records = (await readFile(join(run, 'checkpoints.jsonl'), 'utf8')).trim().split('\n');
  const { state_path } = JSON.parse(records.at(-1) ?? '');
  const id: string = /^tinker:\/\/([^/]+)\//.exec(state_path)?.[1] ?? '';
  const home = join(data, 'runs', id.replaceAll(':', '-'));
  const { checkpoints } = JSON.parse(await readFile(join(home, 'training_run.json'), 'utf8'));
  const saved = checkpoints.find((each: CheckpointRecord) => each.kind === kind && each.name === 'final');
  return await filesBelow(join(home, saved.directory));
}

const SFT = ['configs/sl_basic.yaml', 'max_steps=5', 'save_every=2', 'eval_every=5'];
const RL = ['configs/rl_basic.yaml', 'dataset.n_batches=2', 'dataset.batch_size=4', 'eval_every=0'];
const LONGER_RL = [...RL, 'dataset.n_batches=4', 'save_every=2'];

function run(spec: string[], options: Partial<CliOptions> = {}) {
  const [file, ...overrides] = spec;
  return cookbook(['run', join(ROOT, file), ...overrides], { cwd: ROOT, ...options });
}

it.each([
  ['SFT', SFT],
  ['RL', RL],
])('%s: on a server as in this process', { timeout: 180_000 }, async (_, spec) => {
  const cwd = await temporaryDirectory();
  const server = await serve(join(cwd, 'data'));
  const [here, there] = [join(cwd, 'here'), join(cwd, 'there')];
  expect(await run([...spec, `log_path=${here}`, 'service.batch_invariant=true'])).toMatchObject({ code: 0 });
  const service = ['service.builder=tinker', `service.base_url=${server.url}`];
  expect(await run([...spec, `log_path=${there}`, ...service])).toMatchObject({ code: 0 });
  expect(await metricsOf(there)).toEqual(await metricsOf(here));
  for (const kind of ['weights', 'sampler_weights']) {
    const files = await filesBelow(join(here, 'checkpoints', kind, 'final'));
    expect(Object.keys(files).length).toBeGreaterThan(2);
    expect(await savedOn(server, there, kind)).toEqual(files);
  }
});

it.each([
  ['SFT', SFT],
  ['RL', RL],
])('%s: the same when a fifth of all exchanges go wrong on the way', { timeout: 240_000 }, async (_, spec) => {
  const cwd = await temporaryDirectory();
  const server = await serve(join(cwd, 'data'));
  const proxy = await faultyProxy(server.url, { share: 0.2, seed: 1 });
  const [plain, faulty] = [join(cwd, 'plain'), join(cwd, 'faulty')];
  const on = (url: string) => ['service.builder=tinker', `service.base_url=${url}`];
  expect(await run([...spec, `log_path=${plain}`, ...on(server.url)])).toMatchObject({ code: 0 });
  expect(await run([...spec, `log_path=${faulty}`, ...on(proxy.url)])).toMatchObject({ code: 0 });
  expect([...proxy.faults.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(5);
  expect(await metricsOf(faulty)).toEqual(await metricsOf(plain));
  expect(await savedOn(server, faulty, 'weights')).toEqual(await savedOn(server, plain, 'weights'));
});

it.each([
  ['SFT', SFT],
  ['RL', LONGER_RL],
])(
  '%s: a server that is killed and started again: the run says so, and goes on to the same bits',
  {
    timeout: 240_000,
  },
  async (_, spec) => {
    const cwd = await temporaryDirectory();
    const first = await serve(join(cwd, 'data'));
    const [whole, broken] = [join(cwd, 'whole'), join(cwd, 'broken')];
    const on = ({ url }: Server) => ['service.builder=tinker', `service.base_url=${url}`];
    expect(await run([...spec, `log_path=${whole}`, ...on(first)])).toMatchObject({ code: 0 });
    let again: Promise<Server> | null = null;
    const failed = await run([...spec, `log_path=${broken}`, ...on(first)], {
      onLine(_number, _child, line) {
        if (again !== null || !line.includes('checkpoint 000002')) return;
        first.process.kill('SIGKILL');
        again = once(first.process, 'exit').then(() => serve(first.data, first.port));
      },
    });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('If it was started anew, run the command again.');
    const second = await (again ?? Promise.reject(new Error('no checkpoint was told of')));
    expect(await run([...spec, `log_path=${broken}`, ...on(second)])).toMatchObject({ code: 0 });
    expect(await metricsOf(broken)).toEqual(await metricsOf(whole));
    expect(await savedOn(second, broken, 'weights')).toEqual(await savedOn(second, whole, 'weights'));
  },
);
