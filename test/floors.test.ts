// The floors of the house: who may import whom, read from the sources. docs/architecture.md draws them.

import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { beforeAll, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

/** From the top down: a folder imports from the floors below its own, and from itself. */
const FLOORS = [
  ['commands'],
  ['index.ts'],
  ['builtin.ts'],
  ['builders', 'schema', 'shelf', 'validate'],
  ['board'],
  ['diff', 'logs', 'publish', 'sql_shell', 'status', 'stop', 'work'],
  ['thinking_score'],
  [
    'chat',
    'checkpoints',
    'conformance',
    'doctor',
    'eval',
    'export',
    'imports',
    'play',
    'render',
    'report',
    'serve',
    'sweep',
  ],
  ['run', 'transcripts'],
  ['run_files'],
  ['spec'],
  ['engine', 'recipes', 'sinks'],
  ['evaluation'],
  ['distillation'],
  ['preference'],
  ['retrieval'],
  ['rl', 'supervised'],
  ['sandbox'],
  ['training'],
  ['completers'],
  ['renderers'],
  ['hub'],
  ['models'],
  ['tokenizers'],
  ['formats', 'tinker'],
  ['study'],
  ['registry'],
  ['util'],
];

/** The embedded engine is a service like any other: it knows the API and the files of models, and no loop knows it. */
const BELOW_ENGINE = new Set(['engine', 'formats', 'hub', 'registry', 'tinker', 'tokenizers', 'util']);
const KNOW_ENGINE = new Set(['builtin.ts', 'engine', 'export', 'serve']);

/** File to the files that it imports, types included. Paths are relative to src. */
const imports = new Map<string, string[]>();

beforeAll(async () => {
  const entries = await readdir(SRC, { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))) {
    const text = await readFile(join(parentPath, name), 'utf8');
    const targets = [...text.matchAll(/\b(?:from|import\()\s*'(\.[^']+)'/g)].map(([, target]) =>
      relative(SRC, join(parentPath, target)),
    );
    imports.set(relative(SRC, join(parentPath, name)), targets);
  }
});

const houseOf = (file: string) => file.split('/')[0];

function arrows(): { from: string; to: string; arrow: string }[] {
  return [...imports].flatMap(([file, targets]) =>
    targets.map((target) => ({ from: houseOf(file), to: houseOf(target), arrow: `${file} → ${target}` })),
  );
}

it('every folder has a floor', () => {
  expect([...new Set([...imports.keys()].map(houseOf))].sort()).toEqual(FLOORS.flat().sort());
});

it('CONTRIBUTING says what every folder holds', async () => {
  const page = await readFile(join(SRC, '../CONTRIBUTING.md'), 'utf8');
  const folders = FLOORS.flat().filter((house) => !house.endsWith('.ts'));
  expect(folders.filter((folder) => !new RegExp(`^\\|.*\`${folder}/\`.*\\|`, 'm').test(page))).toEqual([]);
});

it('imports run downwards only', () => {
  const floorOf = new Map(FLOORS.flatMap((houses, floor) => houses.map((house) => [house, floor])));
  const level = (house: string) => floorOf.get(house) ?? Number.NaN;
  expect(arrows().flatMap(({ from, to, arrow }) => (from === to || level(from) < level(to) ? [] : [arrow]))).toEqual(
    [],
  );
});

it('the engine imports the API and the formats alone, and only its registration and export import it', () => {
  const wrong = arrows().filter(
    ({ from, to }) => (from === 'engine' && !BELOW_ENGINE.has(to)) || (to === 'engine' && !KNOW_ENGINE.has(from)),
  );
  expect(wrong.map(({ arrow }) => arrow)).toEqual([]);
});

it('no file imports itself by way of others', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const follow = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
    if (done.has(file) || trail.includes(file)) return;
    for (const target of imports.get(file) ?? []) follow(target, [...trail, file]);
    done.add(file);
  };
  for (const file of imports.keys()) follow(file, []);
  expect(circles).toEqual([]);
});

it('sees the imports that it judges', () => {
  expect(imports.get('builtin.ts')).toContain('engine/builder.ts');
  expect(imports.size).toBeGreaterThan(200);
  expect(imports.get('commands/run.ts')).toContain('commands/base.ts');
});
