// Plugins: a user's own builders, from files beside the spec.

import { expect, test } from 'vitest';
import { Registry } from '../../src/registry/registry.ts';
import { loadDocument } from '../../src/spec/load.ts';
import { loadPlugins } from '../../src/spec/plugins.ts';
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
    'something else than an error that it throws',
    { 'parts/toy.ts': "throw 'stones';\n" },
    'run.yaml:3:11 plugins/0: parts/toy.ts: cannot be loaded: stones',
  ],
])('%s is told at the line that names the plugin', async (_, files, message) => {
  const directory = await workspace({ 'run.yaml': RUN, ...files });
  expect(await complaints(directory)).toBe(message);
});
