// What a new user types first, rightly or nearly so: help, versions, misspelt commands and flags, files of the wrong kind.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/commands/index.ts';
import { DATA, spec, workspace } from '../spec/workspace.ts';
import { coloredCookbook, cookbook, npxCookbook, REPOSITORY } from './command_line.ts';

const RUN_JS = join(REPOSITORY, 'bin/run.js');

test.each([
  ['-h', '--help'],
  ['help', '--help'],
  ['help run', 'run --help'],
  ['help checkpoints', 'checkpoints --help'],
  ['help checkpoints list', 'checkpoints list --help'],
  ['run -h', 'run --help'],
  ['-v', '--version'],
  ['version', '--version'],
])('"cookbook %s" is "cookbook %s"', async (typed, known) => {
  const directory = await workspace({});
  const [a, b] = await Promise.all([typed, known].map((words) => cookbook(directory, ...words.split(' '))));
  expect(a).toEqual(b);
  expect(a.code).toBe(0);
  expect(a.stdout).not.toBe('');
});

test.each([
  [['buildrs'], 'there is no command "buildrs"; did you mean "builders"?\n"cookbook --help" lists them.\n'],
  [['buildrs', 'nll'], 'there is no command "buildrs"; did you mean "builders"?\n"cookbook --help" lists them.\n'],
  [['renderers', 'role_colon'], 'Unexpected argument: role_colon\n"cookbook renderers --help" shows what it takes.\n'],
  [['help', 'buildrs'], 'there is no command "buildrs"; did you mean "builders"?\n"cookbook --help" lists them.\n'],
  [
    ['checkpoints', 'lst'],
    'there is no command "checkpoints lst"; did you mean "checkpoints list" or "checkpoints delete" or "checkpoints publish"?\n"cookbook checkpoints --help" lists them.\n',
  ],
  [
    ['checkpoint', 'list'],
    'there is no command "checkpoint"; did you mean "checkpoints"?\n"cookbook --help" lists them.\n',
  ],
  [['checkpoints', 'list', '--jsn'], 'checkpoints list has no flag --jsn; did you mean --json?\n'],
  [
    ['checkpoints', 'delete'],
    'Missing 1 required arg:\ntarget  tinker:// path of a checkpoint, or run directory.\n"cookbook checkpoints delete --help" shows what it takes.\n',
  ],
  [
    ['checkpoints', 'publish', 'http://127.0.0.1:8000'],
    'http://127.0.0.1:8000 is the address of a server, not a checkpoint\nName a checkpoint as tinker://RUN/KIND/NAME (with TINKER_BASE_URL set), or a run directory with --checkpoint NAME.\n',
  ],
  [['constructor'], 'there is no command "constructor"\n"cookbook --help" lists them.\n'],
  [
    ['run', 'run.yaml', '--learning_rate=1e-3'],
    'run has no flag --learning_rate\nA field of the spec is set without dashes: learning_rate=1e-3\n',
  ],
  [['run', 'run.yaml', '--quite'], 'run has no flag --quite; did you mean --quiet?\n'],
  [['run'], 'Missing 1 required arg:\nfile  A run spec.\n"cookbook run --help" shows what it takes.\n'],
  [['render', 'x.jsonl'], 'Missing required flag --model\n"cookbook render --help" shows what it takes.\n'],
  [
    ['render', 'data.jsonl', '--model', './modle'],
    '--model ./modle: there is no such directory or file; did you mean ./model?\n',
  ],
  [['chat', 'x', '--what'], 'chat has no flag --what\n"cookbook chat --help" shows those that it has.\n'],
  [['sql', '-f', 'x'], 'sql has no flag -f\n"cookbook sql --help" shows those that it has.\n'],
  [['run', 'rnu.yaml'], 'rnu.yaml: there is no such file; did you mean run.yaml?\n'],
  [['validate', 'specs/run.yaml'], 'specs/run.yaml: there is no such file; did you mean spec/run.yaml?\n'],
  [
    ['publish', 'runs/none', '--repo', 'me/sums'],
    'there is no run runs/none\nName the directory of a run, such as runs/sl_basic.\n',
  ],
  [['run', 'sweep.yaml'], 'sweep.yaml is the spec of a sweep, not of one run\nType "cookbook sweep sweep.yaml".\n'],
  [
    ['sweep', 'run.yaml'],
    'run.yaml is the spec of one run, not of a sweep\nType "cookbook run run.yaml", or name it as the "base" of a sweep.\n',
  ],
  [
    ['report', 'dnoe/first'],
    'dnoe/first: no such directory; did you mean done/first?\nName a directory that holds runs. Without one it is "runs".\n',
  ],
  [
    ['chat', 'runs/absent', '-m', 'hello'],
    'there is no run and no model runs/absent\nName a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.\n',
  ],
  [
    ['chat', 'done/frist', '-m', 'hello'],
    'there is no run and no model done/frist; did you mean done/first?\nName a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.\n',
  ],
])('"cookbook %j" is told what was probably meant', async (words, stderr) => {
  const directory = await workspace({
    ...DATA,
    'run.yaml': spec(),
    'spec/run.yaml': spec(),
    'sweep.yaml': 'base: run.yaml\nlog_path: runs/sweep\nseeds: 2\n',
    'done/first/run.json': '{}',
    'model/config.json': '{}',
    'data.jsonl': '{}',
  });
  expect(await cookbook(directory, ...words)).toEqual({ code: 2, stdout: '', stderr });
});

test.each([['serve'], ['chat'], ['checkpoints download'], ['checkpoints delete'], ['run']])(
  'the usage of %s fits a terminal, and no flag stands apart from its value',
  async (name) => {
    const { stdout } = await cookbook(process.cwd(), ...name.split(' '), '--help');
    const [, usage = ''] = /^USAGE\n((?: +\S.*\n)+)/m.exec(stdout) ?? [];
    const lines = usage.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80 || line.endsWith('\\'))).toEqual([]);
    for (const line of lines) expect(line.replaceAll(/[^[\]]/g, '')).toMatch(/^(\[\])*$/);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {4}(\[|--?\w)/);
  },
);

// oclif colors and frames some of what it says, and adds remarks about itself.
test.each([
  [['export', 'runs/a'], 'Missing required flag --to\n"cookbook export --help" shows what it takes.\n'],
  [['export', 'runs/a', '--to'], 'Flag --to expects a value\n"cookbook export --help" shows what it takes.\n'],
  [
    ['report', '--max-rows', '3'],
    'One of the following must be provided when using --max-rows: --sql, --sql-file\n"cookbook report --help" shows what it takes.\n',
  ],
  [
    ['chat', 'model', '--max-tokens', 'many'],
    '--max-tokens: expected an integer but received: many\n"cookbook chat --help" shows what it takes.\n',
  ],
  [
    ['chat'],
    'Missing 1 required arg:\ntarget  Run directory, adapter or model directory, GGUF file, or a name on the\nhub (ORG/NAME).\n"cookbook chat --help" shows what it takes.\n',
  ],
])('"cookbook %j" is told in plain words where colors are on', async (words, stderr) => {
  const directory = await workspace({});
  expect(await coloredCookbook(directory, ...words)).toEqual({ code: 2, stdout: '', stderr });
});

test('whoever calls it by npx is told commands that npx finds', async () => {
  const directory = await workspace({ 'runs/none.txt': '' });
  const told = [['-h'], ['run', '-h'], ['run'], ['report'], ['builders', 'nlll'], ['help', 'runn']];
  for (const words of told) {
    const { stdout, stderr } = await npxCookbook(directory, ...words);
    const calls = `${stdout}${stderr}`.match(/.{4}\bcookbook (?=[a-z[-])/g) ?? [];
    expect({ words, calls: new Set(calls) }).toEqual({ words, calls: new Set(['npx cookbook ']) });
  }
});

test('help breaks no word, names each command once, and fits 80 columns by whatever name it is called', async () => {
  const directory = await workspace({});
  const { stdout } = await cookbook(directory, '-h');
  expect(stdout).toContain('  completion  ');
  expect(stdout).not.toContain('autocomplete');
  const pages = Object.entries(COMMANDS).flatMap(([name, { hidden }]) => (hidden ? [] : [[name, '-h']]));
  const helps = [stdout];
  for (const words of pages) helps.push((await npxCookbook(directory, ...words)).stdout);
  for (const line of helps.join('\n').split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('an example that is too long for a line is one command over several', async () => {
  const { stdout } = await npxCookbook(await workspace({}), 'chat', '-h');
  expect(stdout.slice(stdout.indexOf('EXAMPLES'))).toMatchInlineSnapshot(`
    "EXAMPLES
      $ npx cookbook chat runs/sl_basic

      $ npx cookbook chat example_data/models/tiny --temperature 0 \\
          --message "What is 12 + 7?"

    "
  `);
});

test('what is to stand in the files of shells has no prompt', async () => {
  const { stdout } = await npxCookbook(await workspace({}), 'completion', '-h');
  expect(stdout.slice(stdout.indexOf('EXAMPLES'))).toMatchInlineSnapshot(`
    "EXAMPLES
      In ~/.bashrc:

        source <(cookbook completion bash)

      In ~/.zshrc:

        source <(cookbook completion zsh)

      In ~/.config/fish/config.fish:

        source (cookbook completion fish | psub)

    "
  `);
});

test.each(['run', 'chat'])('a name that is too long for the file system is told by %s in words', async (command) => {
  const { code, stderr } = await cookbook(await workspace({}), command, 'x'.repeat(300));
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(/^x+: the file cannot be read: a name in |^cannot open x+: a name in /);
  expect(stderr).not.toMatch(/ENAMETOOLONG|^ +at /m);
});

test('where few files may be open, that is told if no command loads, and a command that does answers as ever', async () => {
  const directory = await workspace({});
  const limited = (files: number) =>
    promisify(execFile)('bash', ['-c', `ulimit -n ${files}; exec "$@"`, 'bash', process.execPath, RUN_JS, 'run', 'x'], {
      cwd: directory,
    });
  // How many a start takes is Node's business: 20 opens more at a time than 24.
  const told = /^(too many files are open\nAllow more open files: ulimit -n 1024\.|x: there is no such file)\n$/;
  for (const files of [24, 40]) {
    await expect(limited(files)).rejects.toMatchObject({ stderr: expect.stringMatching(told) });
  }
});

test('a command that is not there is data with --json', async () => {
  const { code, stdout, stderr } = await cookbook(await workspace({}), 'buildrs', '--json');
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  expect(JSON.parse(stdout).error).toMatchObject({ code: 'USAGE', hint: '"cookbook --help" lists them.' });
});

test('a file whose name looks like an override is a file', async () => {
  const directory = await workspace({ 'lr=1.yaml': 'extends: lr=2.yaml\n', 'lr=2.yaml': '{}\n' });
  const { stderr } = await cookbook(directory, 'validate', 'lr=1.yaml', 'log_path=x');
  expect(stderr).toContain('lr=1.yaml:1:1 trainer: required field is missing');
});

test('the builders of a plugin are shown with the spec that names it', async () => {
  const plugin = `
import { datasetSlot, defineBuilder, semantic, Type } from 'tinker-cookbook';
export const mine = defineBuilder({
  slot: datasetSlot, name: 'mine', version: 1, doc: 'My rows.',
  params: Type.Object({ rows: semantic(Type.Integer({ default: 3, description: 'How many.' })) }),
  build: () => { throw new Error('never built'); },
});
`;
  const directory = await workspace({ 'run.yaml': 'plugins: [./mine.ts]\n', 'mine.ts': plugin });
  const { stdout } = await cookbook(directory, 'builders', 'mine', '--spec', 'run.yaml');
  expect(stdout).toBe('mine  dataset, version 1\nMy rows.\n\n  rows  a whole number\n      How many. Default: 3.\n');
});

/** What bash offers for the last of these words. */
async function completed(...words: string[]): Promise<string[]> {
  const { stdout: script } = await cookbook(await workspace({}), 'completion', 'bash');
  const listed = words.map((word) => `'${word}'`).join(' ');
  const ask = `${script}\nCOMP_WORDS=(${listed}); COMP_CWORD=${words.length - 1}; _cookbook; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', ask]);
  return stdout.trim().split('\n');
}

test('a shell completes commands, flags and what a flag can be', async () => {
  expect(await completed('cookbook', 'rep')).toEqual(['report']);
  expect(await completed('cookbook', 'run', '--')).toEqual(['--json', '--quiet', '--help']);
  expect(await completed('cookbook', 'report', '--goal', 'm')).toEqual(['minimize', 'maximize']);
  expect(await completed('cookbook', 'run', 'con')).toEqual(['']);
  expect(await completed('cookbook', 'che')).toEqual(['checkpoints']);
  expect(await completed('cookbook', 'checkpoints', 'd')).toEqual(['delete', 'download']);
  expect(await completed('cookbook', 'checkpoints', 'delete', '--f')).toEqual(['--force']);
});

test('output that cannot be written is told in one line, and makes the command fail', async () => {
  const directory = await workspace({});
  const toFullDisk = (...argv: string[]) =>
    promisify(execFile)('bash', ['-c', `${process.execPath} ${RUN_JS} "$@" > /dev/full`, 'bash', ...argv], {
      cwd: directory,
    });
  for (const argv of [['--help'], ['builders'], ['builders', '--json']]) {
    await expect(toFullDisk(...argv)).rejects.toMatchObject({
      code: 1,
      stderr: 'cannot write to standard output: ENOSPC: no space left on device, write\n',
    });
  }
});
