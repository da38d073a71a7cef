import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TestProcess } from '../run/support/processes.ts';
import { conversationLines, writeChatModel, writeEndlessModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';
import { fenced } from '../support/docs.ts';
import { hasTerminals, Terminal } from '../support/terminal.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-chat-'));
  await writeChatModel(join(directory, 'model'));
  await writeEndlessModel(join(directory, 'endless'));
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
        "2 there is no run and no model nowhere
      Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.",
        "2 --temperature must be a number, not "warm"",
        "1 the prompt fills the whole context of the model, 415 tokens of 128: there is no room to sample
      Shorten it: all that was said before counts too.",
      ]
    `);
  });
});

describe.skipIf(!hasTerminals)('cookbook chat at a terminal', () => {
  const PROMPT = 'you › ';
  const talk = (model: string, ...args: string[]) => new Terminal(['chat', model, ...args], { cwd: directory });

  it('shows the reply that a pipe is given, broken at the width of the terminal', async () => {
    const said = ['-m', 'hello', '--temperature', '0.9', '--seed', '3', '--max-tokens', '100'];
    const { stdout } = await cookbook(['chat', 'model', ...said], { cwd: directory });
    const terminal = new Terminal(['chat', 'model', ...said], { cwd: directory, columns: 30 });
    expect(await terminal.ended()).toBe(0);
    const bare = (text: string) => text.replaceAll(/\s/g, '');
    const reply = bare(stdout);
    expect(reply.length).toBeGreaterThan(20);
    expect(bare(terminal.screen)).toContain(reply);
    expect(terminal.screen.replaceAll('\r\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('stops a reply at Ctrl-C, keeps what was said, and ends at Ctrl-C at the prompt', async () => {
    const terminal = talk('endless', '--temperature', '0', '--max-tokens', '16000');
    await terminal.shows(PROMPT);
    terminal.type('hello\n');
    await terminal.shows(/hello\s+.{100}/s);
    terminal.type('\u0003');
    await terminal.shows('(stopped)');
    terminal.type('/new\n');
    await terminal.shows('A new conversation.');
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(0);
  });

  it('shows what is typed during a reply at the next prompt', async () => {
    const terminal = talk('endless', '--temperature', '0', '--max-tokens', '600');
    await terminal.shows(PROMPT);
    terminal.type('hello\n');
    await terminal.shows(/hello\s+.{100}/s);
    terminal.type('/nonsense\n/zebra a ');
    await terminal.shows('There is no command /nonsense.');
    terminal.type('line\n');
    await terminal.shows('There is no command /zebra.');
    terminal.type('/quit\n');
    expect(await terminal.ended()).toBe(0);
    const [reply = '', ...rest] = terminal.screen.split('(cut: it ran out of tokens)');
    expect(reply).not.toContain('nonsense');
    expect(rest.join('')).toContain(`${PROMPT}/nonsense\r\nThere is no command /nonsense.`);
  });

  it('ends at SIGTERM in the midst of a reply', async () => {
    const terminal = talk('endless', '--temperature', '0', '--max-tokens', '16000');
    await terminal.shows(PROMPT);
    terminal.type('hello\n');
    await terminal.shows(/hello\s+.{100}/s);
    await terminal.signal('SIGTERM');
    expect(await terminal.ended()).toBe(128 + constants.signals.SIGTERM);
  });

  it('takes a message back that does not fit, and answers the next', async () => {
    const terminal = talk('model', '--temperature', '0', '--max-tokens', '4');
    await terminal.shows(PROMPT);
    terminal.type(`${'hello '.repeat(200)}\n`);
    await terminal.shows('That message is taken back.\r\n');
    terminal.type('hello\n');
    await terminal.shows('(cut: it ran out of tokens)');
    terminal.type('/quit\n');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen).not.toContain('/new forgets');
  });

  it('says that a command is none, and which there are', async () => {
    const terminal = talk('model');
    await terminal.shows(PROMPT);
    terminal.type('/foo\n/nwe\n/quit\n');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen).toContain('There is no command /foo. There are /new, /quit, /help.');
    expect(terminal.screen).toContain('There is no command /nwe; did you mean "/new"?');
  });
});
