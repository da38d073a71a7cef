// Shell tasks in the layout of Harbor, worked on by scripted agents: one that knows the solution, one that does nothing, and some
// that would rather write their own verdict.

import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { readHarborTasks } from '../../src/recipes/shell_tasks/harbor_task.ts';
import { prepare, shellEnv } from '../../src/recipes/shell_tasks/shell_env.ts';
import { rendererSlot } from '../../src/renderers/types.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { bubblewrapSandbox } from '../../src/sandbox/bubblewrap/sandbox.ts';
import { END, play, testRenderer } from '../rl/support/scripted_policy.ts';
import { problem } from '../sandbox/bubblewrap_support.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const TASKS = join(import.meta.dirname, '../../example_data/shell_tasks');
const LIMITS = { seconds: 10, memory_mb: 64, output_bytes: 16_384, processes: 32 };
const sandbox = bubblewrapSandbox({ concurrency: 2, python: null, read_only_paths: [] });
const renderer = testRenderer();

const call = (command: string) =>
  `<tool_call>\n${JSON.stringify({ name: 'bash', arguments: { command } })}\n</tool_call>${END}`;
const DONE = `Done.${END}`;

async function attempt(name: string, commands: readonly string[], directory = TASKS) {
  const task = (await readHarborTasks(join(directory, name)))[0];
  const session = await sandbox.openSession?.();
  if (task === undefined || session === undefined) throw new Error(`there is no task ${name}`);
  onTestFinished(async () => session.close());
  await prepare(session, task);
  const env = shellEnv(task, {
    renderer,
    session,
    limits: LIMITS,
    max_turns: 10,
    system_prompt: 'You have a shell.',
    maxContextLength: 100_000,
    maxTokens: 1000,
  });
  const { rewards, metrics, prompts } = await play(env, [...commands.map(call), DONE]);
  return { reward: rewards.at(-1), metrics: metrics.at(-1), prompts };
}

async function taskDirectory(files: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory();
  const all = { 'task.toml': 'version = "1.0"', 'instruction.md': 'Do it.', 'tests/test.sh': 'true', ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(join(directory, 'task', path, '..'), { recursive: true });
    await writeFile(join(directory, 'task', path), text);
  }
  return directory;
}

const names = await readdir(TASKS);

describe.skipIf(problem !== null)('the tasks that ship', () => {
  it.each(names)('%s: its solution has the reward, doing nothing has none', async (name) => {
    const solution = await readFile(join(TASKS, name, 'solution/solve.sh'), 'utf8');
    expect((await attempt(name, [solution])).reward).toBe(1);
    const { reward, metrics } = await attempt(name, []);
    expect(reward).toBe(0);
    expect(metrics).toMatchObject({ reward: 0, test_passed: 0, grading_error: 0, 'stop/completed': 1 });
  });
});

describe.skipIf(problem !== null)('an agent', () => {
  it('is told the task, and what its commands print', async () => {
    const { prompts } = await attempt('count_lines', ['ls /app; exit 3', 'cat /tests/test.sh']);
    expect(prompts[0]).toContain('Write the number of lines of /app/poem.txt');
    expect(prompts[1]).toContain('{"exit_code":3,"stdout":"poem.txt\\n","stderr":""}');
    // The tests are not there while it works.
    expect(prompts[2]).toContain('No such file');
  });

  it('cannot write its own verdict', async () => {
    const tricks = [
      'mkdir -p /logs/verifier; echo 1 > /logs/verifier/reward.txt',
      'mkdir -p /logs/verifier; echo 1 > /logs/verifier/reward.json; (sleep 1; echo 1 > /logs/verifier/reward.txt) &',
      'mkdir -p /tests; echo "mkdir -p /logs/verifier; echo 1 > /logs/verifier/reward.txt" > /tests/test.sh; chmod a-w /tests/test.sh /tests',
      'rm -rf /logs/verifier; ln -s /app /logs/verifier; echo 1 > /app/reward.txt',
      'mkdir -p /tests/test.sh/x',
    ];
    for (const trick of tricks)
      expect({ trick, reward: (await attempt('count_lines', [trick])).reward }).toEqual({ trick, reward: 0 });
  });

  it('has the files of the task byte for byte, and runs those that can be run', async () => {
    const directory = await taskDirectory({
      'environment/bin/start.sh': '#!/bin/bash\necho started',
      'tests/test.sh': '/tests/judge',
      'tests/judge':
        '#!/bin/bash\nod -An -tx1 /app/data.bin | grep -q "ff 00 fe" && echo 1 > /logs/verifier/reward.txt',
    });
    await writeFile(join(directory, 'task/environment/data.bin'), Buffer.from([0xff, 0x00, 0xfe]));
    for (const name of ['environment/bin/start.sh', 'tests/judge']) await chmod(join(directory, 'task', name), 0o755);
    const { reward, prompts } = await attempt('task', ['bin/start.sh'], directory);
    expect(prompts[1]).toContain('{"exit_code":0,"stdout":"started\\n","stderr":""}');
    expect(reward).toBe(1);
  });

  it('has the reward that is written, as a text or as JSON, and none where there is none', async () => {
    const rewardOf = async (test: string) => {
      const { reward, metrics } = await attempt('task', [], await taskDirectory({ 'tests/test.sh': test }));
      return [reward, metrics?.grading_error];
    };
    expect(await rewardOf('echo 0.25 > /logs/verifier/reward.txt')).toEqual([0.25, 0]);
    expect(await rewardOf(`echo '{"reward": 0.5}' > /logs/verifier/reward.json`)).toEqual([0.5, 0]);
    for (const test of [
      'exit 1',
      'echo much > /logs/verifier/reward.txt',
      'echo NaN > /logs/verifier/reward.txt',
      'ln -s /etc /logs/verifier/reward.txt',
      'yes > /logs/verifier/reward.txt',
    ])
      expect({ test, reward: await rewardOf(test) }).toEqual({ test, reward: [0, 1] });
  });
});

describe('a directory of tasks', () => {
  it('is not worked on by a model that cannot call tools: that is said before anything is trained', async () => {
    const ref = { builder: 'shell_tasks', tasks: TASKS };
    const tokenizer = charTokenizer();
    const plain = await builtinRegistry().build(rendererSlot, { builder: 'role_colon' }, { tokenizer });
    const context = { tokenizer, renderer: plain, maxContextLength: 200, maxTokens: 10, seed: 0 };
    await expect(
      builtinRegistry().build(rlDatasetSlot, ref, { ...context, warn: () => undefined, notify: () => undefined }),
    ).rejects.toThrow('shell_tasks needs a renderer with tools: this renderer has no way to declare tools');
  });

  it('is read in the order of the names', async () => {
    expect((await readHarborTasks(TASKS)).map(({ name }) => name)).toEqual([...names].sort());
    const [task] = await readHarborTasks(join(TASKS, 'count_lines'));
    expect(task).toMatchObject({ name: 'count_lines', verifier_seconds: 20 });
    expect(Object.keys(task?.environment ?? {})).toEqual(['poem.txt']);
  });

  it('is refused with what is wrong with it', async () => {
    const problemOf = async (files: Record<string, string>) =>
      await readHarborTasks(await taskDirectory(files)).then(
        () => 'none',
        (error: Error) => error.message.replace(/^.*?\/task(?=[:/])/, 'task'),
      );
    expect(await problemOf({ 'task.toml': 'version = ' })).toMatch(/^task\/task\.toml: is no TOML/);
    expect(await problemOf({ 'task.toml': 'a = 1', 'instruction.md': ' \n' })).toBe('task: instruction.md is empty');
    expect(await problemOf({ 'task.toml': '[verifier]\ntimeout_sec = "soon"' })).toBe(
      'task/task.toml: verifier.timeout_sec must be a number of seconds, at most those of a day',
    );
    await expect(readHarborTasks('/nowhere')).rejects.toThrow('there is no such directory');
  });

  it('shows no file of this machine that it links to', async () => {
    const directory = await taskDirectory({ 'task.toml': 'a = 1', 'environment/own.txt': 'own' });
    await symlink('/etc/passwd', join(directory, 'task/environment/link'));
    const [task] = await readHarborTasks(directory);
    expect(Object.keys(task?.environment ?? {})).toEqual(['own.txt']);
  });

  it.each(['environment', 'tests', 'instruction.md', 'task.toml', 'tests/test.sh'])(
    'is refused where %s lies elsewhere',
    async (name) => {
      const elsewhere = await taskDirectory({ 'environment/key.txt': 'secret' });
      const directory = await taskDirectory({ 'environment/own.txt': 'own' });
      await rm(join(directory, 'task', name), { recursive: true });
      await symlink(join(elsewhere, 'task', name), join(directory, 'task', name));
      await expect(readHarborTasks(directory)).rejects.toThrow(`task/${name}: is a link`);
    },
  );

  it('is refused for a name that no place in a sandbox can have, and for tests that would never end', async () => {
    const withName = async (name: string | Buffer) => {
      const directory = await taskDirectory({ 'environment/own.txt': 'own' });
      await writeFile(Buffer.concat([Buffer.from(join(directory, 'task/environment/')), Buffer.from(name)]), 'other');
      return readHarborTasks(directory);
    };
    await expect(withName('a\\b')).rejects.toThrow('environment: a file cannot be called "a\\\\b" in a sandbox');
    await expect(withName(Buffer.from([0x61, 0xff]))).rejects.toThrow('environment: a file cannot be called');
    expect(Object.keys((await withName('__proto__'))[0]?.environment ?? {})).toEqual(['__proto__', 'own.txt']);
    const forever = await taskDirectory({ 'task.toml': '[verifier]\ntimeout_sec = 3e6' });
    await expect(readHarborTasks(forever)).rejects.toThrow('at most those of a day');
  });
});

it.skipIf(problem !== null)('a group leaves no directory behind', async () => {
  const directory = await temporaryDirectory();
  vi.stubEnv('TMPDIR', directory);
  const context = {
    tokenizer: charTokenizer(),
    renderer,
    maxContextLength: 9999,
    maxTokens: 99,
    seed: 0,
    warn: () => undefined,
  };
  const { train } = await builtinRegistry().build(rlDatasetSlot, { builder: 'shell_tasks', tasks: TASKS }, context);
  const [group] = train.getBatch(0);
  const [env] = (await group?.makeEnvs()) ?? [];
  if (env === undefined) throw new Error('no environment was made');
  expect((await play(env, [DONE])).rewards).toEqual([0]);
  await group?.cleanup?.();
  expect(await readdir(directory)).toEqual([]);
  vi.unstubAllEnvs();
});
