// `cookbook serve` as a process: how it is connected to, how it ends, and what is left when it is killed.

import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cookbook } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { adamJson, type JsonClient, jsonClient, openModel, passJson, TINY } from '../support/tinker_server.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/run.js');

async function serve(cwd: string) {
  const argv = [PROGRAM, 'serve', '--model', `tiny=${TINY}`, '--port', '0', '--threads', '1'];
  const program = execa(process.execPath, argv, { cwd, reject: false, buffer: { stdout: false } });
  onTestFinished(async () => {
    program.kill('SIGKILL');
    await program;
  });
  const lines = program.iterable();
  const first = await lines.next();
  const url = /^Serving tiny at (http:\S+)$/.exec(String(first.value))?.[1];
  if (url === undefined) throw new Error(`it said ${first.value}: ${(await program).stderr}`);
  return { program, client: jsonClient(url), connect: String((await lines.next()).value) };
}

const lossOf = (result: object) => Number(Object(result).metrics['loss:sum']);

async function step(client: JsonClient, model_id: string, seq: number): Promise<number> {
  const passed = await client.done('forward_backward', passJson(model_id, seq));
  await client.done('optim_step', adamJson(model_id, seq + 1));
  return lossOf(passed);
}

describe('cookbook serve', () => {
  it('serves, after a kill -9 in the middle of the work, what it had acknowledged', async () => {
    const cwd = await temporaryDirectory();
    const first = await serve(cwd);
    expect(first.connect).toBe(`Connect with TINKER_BASE_URL=${first.client.url} TINKER_API_KEY=tml-local`);
    const { model_id } = await openModel(first.client);
    await step(first.client, model_id, 1);
    const { path } = await first.client.done('save_weights', { model_id, seq_id: 3, path: 'kept' });
    const loss = await step(first.client, model_id, 4);
    // Killed while it replaces the checkpoint, or before, or after: one of the two is there, whole.
    await first.client.granted('forward_backward', passJson(model_id, 6));
    await first.client.granted('save_weights', { model_id, seq_id: 7, path: 'later' });
    first.program.kill('SIGKILL');
    await first.program;

    const { client } = await serve(cwd);
    const session_id = await client.session();
    const load = { session_id, model_seq_id: 0, path, optimizer: true };
    expect(await client.done('load_weights', load)).toHaveProperty('model_id');
    expect(await step(client, `${session_id}:train:0`, 1)).toBe(loss);
  });

  it('is the only server of its directory', async () => {
    const cwd = await temporaryDirectory();
    await serve(cwd);
    const second = await cookbook(['serve', '--model', TINY, '--port', '0'], { cwd });
    expect(second.code).not.toBe(0);
    expect(second.stderr).toMatch(/tinker_data is in use by process \d+.*\n.*another directory with --data/);
  });

  it('says where everything is in lines that fit a terminal, under the short name of a model', async () => {
    const cwd = await temporaryDirectory();
    const argv = [PROGRAM, 'serve', '--model', TINY, '--port', '0', '--threads', '1'];
    const program = execa(process.execPath, argv, { cwd, reject: false, buffer: { stdout: false } });
    onTestFinished(async () => {
      program.kill('SIGKILL');
      await program;
    });
    const output = program.iterable();
    const lines: string[] = [];
    while (lines.length < 4) lines.push(String((await output.next()).value));
    const url = /http:\S+/.exec(lines[0])?.[0] ?? '';
    expect(lines).toEqual([
      `Serving tiny at ${url}`,
      `Connect with TINKER_BASE_URL=${url} TINKER_API_KEY=tml-local`,
      `OpenAI's API is at ${url}/oai/api/v1`,
      `A page that shows what is done is at ${url}/`,
    ]);
    const { data } = Object(await (await fetch(`${url}/oai/api/v1/models`)).json());
    expect(data.map(({ id }: { id: string }) => id)).toEqual(['tiny', TINY]);
  });

  it('finishes what it computes when it is asked to stop', async () => {
    const { program, client } = await serve(await temporaryDirectory());
    const { model_id } = await openModel(client);
    const saving = client.done('save_weights', { model_id, seq_id: 1, path: 'last' });
    await saving;
    program.kill('SIGTERM');
    const { exitCode, stderr } = await program;
    expect(exitCode).toBe(0);
    expect(stderr).toBe('Stopping: what is computed is finished first.');
  });

  it('says in a line what is wrong with how it is started', async () => {
    const cwd = await temporaryDirectory();
    const told = async (...argv: string[]) => {
      const { code, stderr } = await cookbook(['serve', ...argv], { cwd });
      expect(code).toBe(2);
      return stderr;
    };
    expect(await told('--model', TINY, '--host', '0.0.0.0')).toContain('there is no key to keep strangers out');
    expect(await told('--model', TINY, '--key-env', 'NO_SUCH_KEY')).toContain('there is no such variable');
    expect(await told('--model', join(TINY, '..'))).toContain('models is no model: it has no config.json');
    expect(await told('--model', 'nothing')).toContain('there is no such directory or file');
    const { client } = await serve(cwd);
    expect(await told('--model', TINY, '--data', 'other', '--port', new URL(client.url).port)).toContain(
      'another program listens on',
    );
  });
});
