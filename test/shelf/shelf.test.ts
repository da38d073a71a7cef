// The recipes that ship: each says what it shows and what was measured, and runs from where it is copied to.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { showRecipe } from '../../src/shelf/command.ts';
import { type CopyOptions, copyRecipe } from '../../src/shelf/copy.ts';
import { PACKAGE, readShelf } from '../../src/shelf/shelf.ts';
import { isSweepSpec, loadDocument } from '../../src/spec/load.ts';
import { resolvePipeline } from '../../src/spec/pipeline.ts';
import { loadPlugins } from '../../src/spec/plugins.ts';
import { surroundings } from '../../src/spec/resolve.ts';
import { isWithin } from '../../src/util/files.ts';

const shelf = await readShelf();
const each = shelf.map((recipe) => ({ ...recipe, file: basename(recipe.file) }));

describe('every recipe', () => {
  it.each(each)('$name has a head that says all', ({ problems, head, kind, name }) => {
    expect(problems).toEqual([]);
    const folder = kind === 'config' ? 'configs' : 'sweeps';
    expect(head.commands.join('\n')).toMatch(new RegExp(`\\b(run|sweep) ${folder}/${name}\\.yaml`));
  });

  it('has a name of its own', () => {
    expect(new Set(shelf.map(({ name }) => name)).size).toBe(shelf.length);
  });

  it.each(each)('$name lands below runs/', ({ source }) => {
    expect(source).toMatch(/^log_path: runs\//m);
  });
});

describe('a copy', () => {
  let cwd: string;
  const copy = (name: string, options: Partial<CopyOptions> = {}) =>
    copyRecipe(name, { to: 'my', cwd, yes: false, confirm: null, ...options });

  beforeAll(async () => {
    cwd = await realpath(await mkdtemp(join(tmpdir(), 'cookbook-shelf-')));
    // As in a project that has the package installed: what its plugins import lies beside it.
    await symlink(join(PACKAGE, 'node_modules'), join(cwd, 'node_modules'));
    return () => rm(cwd, { recursive: true });
  });

  it('takes of the program that it names no neighbour, where these are other recipes', async () => {
    const copied = await copy('external_sums', { to: 'program' });
    const programs = copied?.written.filter((file) => file.includes('/configs/'));
    expect(programs).toEqual(['program/configs/external_sums.mjs']);
  });

  it.each(each)('of $name names nothing outside of its place', async ({ name }) => {
    const to = `deep/down/${name}`;
    const copied = await copy(name, { to });
    expect(copied?.specs.at(-1)).toBe(`${to}/${name}.yaml`);
    for (const spec of copied?.specs ?? []) {
      const document = await loadDocument(join(cwd, spec), { overrides: [], cwd, env: {} });
      expect(textsIn(document.value).filter((text) => isAbsolute(text) && isWithin(text, PACKAGE))).toEqual([]);
      if (isSweepSpec(document.value)) continue;
      const registry = builtinRegistry();
      await loadPlugins(document, registry);
      const at = { ...surroundings(document, cwd), exists: (path: string) => existsSync(path) || isPlace(path) };
      const { issues } = resolvePipeline(document.value, registry, at);
      expect(issues).toEqual([]);
    }
  });

  /** What a run before it leaves, and data that has to be fetched. */
  const isPlace = (path: string) => ['runs', 'data'].some((name) => isWithin(path, join(cwd, name)));

  it('takes along what has to run first, and says it of the copies', async () => {
    const copied = await copy('dpo');
    expect(copied).toMatchInlineSnapshot(`
      {
        "commands": [
          "cookbook run my/sl_basic.yaml",
          "cookbook run my/dpo.yaml",
        ],
        "specs": [
          "my/sl_basic.yaml",
          "my/dpo.yaml",
        ],
        "unchanged": [],
        "written": [
          "my/sl_basic.yaml",
          "my/dpo.yaml",
          "my/example_data/comparisons.jsonl",
          "my/example_data/conversations.jsonl",
          "my/example_data/models/tiny/MODEL_CARD.md",
          "my/example_data/models/tiny/config.json",
          "my/example_data/models/tiny/model.safetensors",
          "my/example_data/models/tiny/tokenizer.json",
          "my/example_data/models/tiny/tokenizer_config.json",
          "my/schemas/run.schema.json",
        ],
      }
    `);
    const [head] = (await readFile(join(cwd, 'my/dpo.yaml'), 'utf8')).split('trainer:');
    expect(head).toContain('#   npx cookbook run my/sl_basic.yaml\n#   npx cookbook run my/dpo.yaml\n');
  });

  it('says what to type for a directory of any name', async () => {
    const copied = await copy('sl_loop', { to: "it's mine" });
    expect(copied?.commands).toEqual(["cookbook run 'it'\\''s mine/sl_loop.yaml'"]);
  });

  it('made again writes nothing, and replaces another file only when told to', async () => {
    await copy('sl_loop', { to: 'again' });
    expect(await copy('sl_loop', { to: 'again' })).toMatchObject({ written: [] });
    const spec = join(cwd, 'again/sl_loop.yaml');
    await writeFile(spec, 'mine\n');
    await expect(copy('sl_loop', { to: 'again' })).rejects.toThrow('again/sl_loop.yaml would be replaced');
    const asked: string[] = [];
    const answer = (yes: boolean) => async (question: string) => asked.push(question) > 0 && yes;
    expect(await copy('sl_loop', { to: 'again', confirm: answer(false) })).toBeNull();
    expect(await readFile(spec, 'utf8')).toBe('mine\n');
    expect(await copy('sl_loop', { to: 'again', confirm: answer(true) })).toMatchObject({
      written: ['again/sl_loop.yaml'],
    });
    expect(asked).toEqual(Array(2).fill('again/sl_loop.yaml would be replaced. Replace'));
    await writeFile(spec, 'mine\n');
    expect(await copy('sl_loop', { to: 'again', yes: true })).toMatchObject({ written: ['again/sl_loop.yaml'] });
  });

  it('is refused where a directory is in the way, and for a name that nothing has', async () => {
    await mkdir(join(cwd, 'way/sl_loop.yaml'), { recursive: true });
    await expect(copy('sl_loop', { to: 'way' })).rejects.toThrow('way/sl_loop.yaml would be replaced');
    await expect(copy('sl_lop')).rejects.toThrow('no recipe "sl_lop"; did you mean "sl_loop"');
  });
});

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

it('on a terminal the comments of a recipe are broken between words, and the spec stays as it is written', async () => {
  const [whole, narrow] = [(await showRecipe('dpo')).text, (await showRecipe('dpo', 80)).text];
  const comments = narrow.split('\n').filter((line) => line.startsWith('#'));
  expect(Math.max(...comments.map(({ length }) => length))).toBeLessThanOrEqual(80);
  const words = (text: string) => text.replaceAll(/^# ?/gm, '').split(/\s+/);
  expect(words(narrow)).toEqual(words(whole));
  expect(narrow.slice(narrow.indexOf('trainer:'))).toBe(whole.slice(whole.indexOf('trainer:')));
});
