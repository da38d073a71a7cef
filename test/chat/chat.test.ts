import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TestProcess } from '../run/support/processes.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';
import { fenced } from '../support/docs.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-chat-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'data.jsonl'), conversationLines(8));
  const dataset = '{builder: conversation_file, file_path: ./data.jsonl, batch_size: 4}';
  await writeFile(
    join(directory, 'spec.yaml'),
    `{trainer: supervised, log_path: run, model_name: ./model, dataset: ${dataset}, learning_rate: 0.01, num_epochs: 100, lora_rank: 8}`,
  );
});

const chat = (...args: string[]) => cookbook(['chat', ...args, '--max-tokens', '12'], { cwd: directory });

describe('cookbook chat', () => {
  it('answers each message of a conversation with a line', async () => {
    const { code, stdout } = await chat('model', '-m', 'hello', '-m', 'world', '--temperature', '0');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  it('says the same for the same seed, and hands the whole conversation to scripts', async () => {
    const ask = async (seed: string) =>
      (await chat('model', '-m', 'hello', '--seed', seed, '--system', 'Be kind.', '--json')).stdout;
    const first = await ask('1');
    expect(await ask('1')).toBe(first);
    expect(await ask('2')).not.toBe(first);
    const { messages } = JSON.parse(first);
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(['system', 'user', 'assistant']);
  });

  it('talks to what a run has trained', async () => {
    const trained = await cookbook(['run', 'spec.yaml', '--quiet'], { cwd: directory });
    expect(trained.stdout).toContain('cookbook chat run');
    const { stdout } = await chat('run', '-m', 'hello 0?', '--temperature', '0');
    expect(stdout).toBe('hello hello 0\n');
  });

  it('reads a run whose renderer is of a plugin, and says so where that is gone', async () => {
    const plugin = fenced('docs/renderers.md', 'ts')[0] ?? '';
    await writeFile(join(directory, 'bracketed.ts'), plugin);
    const spec = await readFile(join(directory, 'spec.yaml'), 'utf8');
    const its = spec.replace('log_path: run', 'log_path: of_plugin, plugins: [bracketed.ts], renderer: bracketed');
    await writeFile(join(directory, 'of_plugin.yaml'), its.replace('num_epochs: 100', 'num_epochs: 1'));
    await cookbook(['run', 'of_plugin.yaml', '--quiet'], { cwd: directory });
    const { code, stdout } = await chat('of_plugin', '-m', 'hello 0?', '--temperature', '0');
    expect({ code, lines: stdout.trimEnd().split('\n').length }).toEqual({ code: 0, lines: 1 });
    await rm(join(directory, 'bracketed.ts'));
    const gone = await chat('of_plugin', '-m', 'hello 0?');
    expect(`${gone.code} ${gone.stderr.replaceAll(directory, 'DIR')}`).toMatchInlineSnapshot(`
      "2 of_plugin/run.json:1:1 plugins/0: DIR/bracketed.ts: there is no such file: DIR/bracketed.ts
      unknown renderer builder "bracketed"; "cookbook builders --slot renderer" lists the 44 that there are"
    `);
  });

  it('ends when a turn of a script fails, though more could be read', async () => {
    const talking = new TestProcess([resolve('bin/run.js'), 'chat', 'model'], { cwd: directory });
    expect(await talking.ask('hello '.repeat(200))).toBeNull();
    expect(await talking.ended()).toBe(1);
  });

  it('names what is wrong with what it is given', async () => {
    const problems = [
      await chat('nowhere', '-m', 'hello'),
      await chat('model', '-m', 'hello', '--temperature', 'warm'),
      await chat('model', '-m', 'hello '.repeat(200)),
    ];
    expect(problems.map(({ code, stderr }) => `${code} ${stderr}`)).toMatchInlineSnapshot(`
      [
        "2 nowhere is neither a run nor a model
      Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.",
        "2 --temperature must be a number, not "warm"",
        "1 the prompt fills the whole context of the model, 415 tokens of 128: there is no room to sample",
      ]
    `);
  });
});
