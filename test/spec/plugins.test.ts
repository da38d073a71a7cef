// Plugins: a user's own builders, from files beside the spec.

import { expect, test, vi } from 'vitest';
import { Registry } from '../../src/registry/registry.ts';
import { loadDocument } from '../../src/spec/load.ts';
import { loadPlugins } from '../../src/spec/plugins.ts';
import { cookbook } from '../commands/command_line.ts';
import { complaints, type Files, resolved, workspace } from './workspace.ts';

/** A plugin in TypeScript that exports a trainer of this name. */
function trainer(name: string, field = "runtime(Type.Integer({ default: 3, description: 'Steps.' }))"): string {
  return `
import { defineBuilder, runtime, trainerSlot, Type, type Trainer } from 'tinker-cookbook';

const max_steps: number | null = null;
export const trainer = defineBuilder({
  slot: trainerSlot,
  name: '${name}',
  version: 1,
  doc: 'A toy.',
  params: Type.Object({ steps: ${field} }),
  build: (): Trainer => ({ max_steps, train: () => Promise.reject(new Error('never trained')) }),
});
`;
}

/** A service that does nothing. */
const SERVICE = `
import { serviceSlot } from 'tinker-cookbook';
export const idle = defineBuilder({
  slot: serviceSlot, name: 'idle', version: 1, doc: 'Idle.', params: Type.Object({}),
  build: () => ({ close: async () => undefined }),
});
`;

const RUN = 'trainer: toy\nlog_path: runs/one\nplugins: [parts/toy.ts]\n';

async function load(directory: string, registry: Registry, file = 'run.yaml'): Promise<void> {
  await loadPlugins(await loadDocument(file, { overrides: [], cwd: directory, env: {} }), registry);
}

test('a builder in TypeScript is there for the spec that names its file', async () => {
  const directory = await workspace({ 'run.yaml': RUN, 'parts/toy.ts': trainer('toy') });
  expect(await resolved(directory)).toMatchObject({ trainer: 'toy', steps: 3, plugins: [`${directory}/parts/toy.ts`] });
});

test('a plugin is relative to the file that names it, and may import its neighbours', async () => {
  const directory = await workspace({
    'run.yaml': 'extends: parts/base.yaml\n',
    'parts/base.yaml': RUN.replace('parts/', './'),
    'parts/toy.ts': `import { name } from './name.ts';${trainer('toy').replace("name: 'toy'", 'name')}`,
    'parts/name.ts': "export const name = 'toy';\n",
  });
  expect((await resolved(directory)).trainer).toBe('toy');
});

test('a plugin that two specs name is one plugin', async () => {
  const directory = await workspace({ 'run.yaml': RUN, 'other.yaml': RUN, 'parts/toy.ts': trainer('toy') });
  const registry = new Registry();
  await load(directory, registry);
  await load(directory, registry, 'other.yaml');
  expect(registry.list('trainer').map(({ name }) => name)).toEqual(['toy']);
});

test.each<[string, Files, string]>([
  [
    'a name that is taken',
    { 'parts/toy.ts': trainer('supervised') },
    'run.yaml:3:11 plugins/0: parts/toy.ts: the slot trainer has a builder named "supervised" already',
  ],
  [
    'a field without a mark',
    { 'parts/toy.ts': trainer('toy', "Type.Integer({ default: 3, description: 'Steps.' })") },
    'run.yaml:3:11 plugins/0: parts/toy.ts: trainer builder "toy", field steps: mark it semantic, runtime or contents',
  ],
  [
    'a syntax error',
    { 'parts/toy.ts': 'export const a = {\n' },
    'run.yaml:3:11 plugins/0: parts/toy.ts: cannot be loaded: ParseError: Unexpected token DIR/parts/toy.ts:2:0',
  ],
  [
    'an import of what is not there',
    { 'parts/toy.ts': "import { a } from './gone.ts';\nexport const b = a;\n" },
    "run.yaml:3:11 plugins/0: parts/toy.ts: cannot be loaded: Cannot find module './gone.ts' (DIR/parts/toy.ts:1)",
  ],
  [
    'an error of this package that it throws itself',
    {
      'parts/toy.ts':
        "import { ConfigurationError } from 'tinker-cookbook';\nthrow new ConfigurationError('set TOY_HOME');\n",
    },
    'run.yaml:3:11 plugins/0: parts/toy.ts: cannot be loaded: set TOY_HOME (DIR/parts/toy.ts:2)',
  ],
  [
    'an import of a package that is not installed',
    { 'parts/toy.ts': "import { a } from 'no-such-package';\nexport const b = a;\n" },
    "run.yaml:3:11 plugins/0: parts/toy.ts: cannot be loaded: Cannot find module 'no-such-package' (DIR/parts/toy.ts:1)",
  ],
  [
    'something else than an error that it throws',
    { 'parts/toy.ts': "throw 'stones';\n" },
    'run.yaml:3:11 plugins/0: parts/toy.ts: cannot be loaded: stones',
  ],
  [
    'an object without anything that it throws',
    { 'parts/toy.ts': 'throw Object.create(null);\n' },
    'run.yaml:3:11 plugins/0: parts/toy.ts: cannot be loaded: [Object: null prototype] {}',
  ],
  [
    'a file of nearly that name',
    { 'parts/toys.ts': trainer('toy') },
    'run.yaml:3:11 plugins/0: parts/toy.ts: there is no such file: DIR/parts/toy.ts; did you mean DIR/parts/toys.ts?',
  ],
  [
    'a directory',
    { 'parts/toy.ts/index.ts': trainer('toy') },
    'run.yaml:3:11 plugins/0: parts/toy.ts: this is a directory; name the file that exports the builders',
  ],
  [
    'a field of a name that every object has',
    { 'parts/toy.ts': trainer('toy').replace('{ steps:', '{ toString:') },
    'run.yaml:3:11 plugins/0: parts/toy.ts: trainer builder "toy", field toString: every object has something of this name',
  ],
])('%s is told at the line that names the plugin', async (_, files, message) => {
  const directory = await workspace({ 'run.yaml': RUN, ...files });
  expect(await complaints(directory)).toBe(message);
});

// In a process of its own, since that is what such a plugin reaches for.
test.each([
  ['ends the process', 'process.exit(0);\n', 'it calls process.exit(0) (DIR/parts/toy.ts:1)'],
  [
    'ends the process as JavaScript of its own',
    'process.exit(0);\n',
    'it calls process.exit(0) (DIR/parts/toy.mjs:1)',
    'mjs',
  ],
  ['rejects what nobody awaits', "Promise.reject('stones');\n", 'stones'],
  ['rejects', 'await Promise.reject({ a: 1 });\nexport {};\n', '{ a: 1 }'],
  ['waits for ever', 'await new Promise(() => undefined);\nexport {};\n', 'it waits for what never comes'],
])('a plugin that %s is told in one line', async (_, text, message, extension = 'ts') => {
  const file = `parts/toy.${extension}`;
  const directory = await workspace({ 'run.yaml': RUN.replace('parts/toy.ts', file), [file]: text });
  const { code, stdout, stderr } = await cookbook(directory, 'validate', 'run.yaml');
  expect({ code, stdout, stderr: stderr.replaceAll(directory, 'DIR') }).toEqual({
    code: 2,
    stdout: '',
    stderr: `run.yaml:3:11 plugins/0: ${file}: cannot be loaded: ${message}\n`,
  });
});

test('a builder without "build" is told so where the plugin is named', async () => {
  const fields = "slot: datasetSlot, name: 'mine', version: 1, doc: '', params: Type.Object({}), buil() {}";
  const directory = await workspace({
    'run.yaml': RUN,
    'parts/toy.ts': `import { datasetSlot, defineBuilder, Type } from 'tinker-cookbook';\nexport const mine = defineBuilder({${fields}});\n`,
  });
  const { code, stderr } = await cookbook(directory, 'validate', 'run.yaml');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'run.yaml:3:11 plugins/0: parts/toy.ts: dataset builder "mine" has no function "build"\n',
  });
});

test('what a plugin keeps going does not keep the command from ending', async () => {
  const directory = await workspace({
    'run.yaml': RUN,
    'parts/toy.ts': 'setInterval(() => undefined, 1000);\nexport {};\n',
  });
  const { code, stderr } = await cookbook(directory, 'validate', 'run.yaml');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'run.yaml:3:11 plugins/0: parts/toy.ts: exports no builder; export what defineBuilder returns\n',
  });
});

test('a plugin that takes for ever while something else goes on is told so', async () => {
  const text = 'setInterval(() => undefined, 1000);\nawait new Promise(() => undefined);\n';
  const directory = await workspace({ 'run.yaml': RUN.replace('toy.ts', 'toy.mjs'), 'parts/toy.mjs': text });
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  try {
    const told = complaints(directory);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    vi.runAllTimers();
    expect(await told).toContain(
      'run.yaml:3:11 plugins/0: parts/toy.mjs: cannot be loaded: it is not loaded after 60 s',
    );
  } finally {
    vi.useRealTimers();
  }
});

test('no plugin has NUL in its path', async () => {
  const directory = await workspace({ 'run.yaml': RUN.replace('parts/toy.ts', '"a\\0b"') });
  expect(await complaints(directory)).toBe('run.yaml:3:11 plugins/0: a\0b: a path cannot hold the character NUL');
});

test('a device is no plugin', async () => {
  const directory = await workspace({ 'run.yaml': RUN.replace('parts/toy.ts', '/dev/zero') });
  expect(await complaints(directory)).toBe('run.yaml:3:11 plugins/0: /dev/zero: this is no regular file');
});

test('an error that a plugin causes while a run is going on is its own', async () => {
  const loads = trainer('toy').replace("Promise.reject(new Error('never trained'))", "import('./gone.ts')");
  const directory = await workspace({ 'run.yaml': `${RUN}service: idle\n`, 'parts/toy.ts': `${loads}${SERVICE}` });
  const { code, stdout } = await cookbook(directory, 'run', 'run.yaml', '--json');
  const { error } = JSON.parse(stdout);
  expect({ code, error }).toEqual({
    code: 1,
    error: {
      code: 'PLUGIN',
      message: expect.stringMatching(/^the plugin parts\/toy.ts: Cannot find module '.\/gone.ts' \(/),
    },
  });
});
