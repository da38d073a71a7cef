// Loading: what files, extends, overrides and references make of a document.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kindOfSpec, loadDocument } from '../../src/spec/load.ts';
import type { SpecDocument } from '../../src/spec/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { type Files, workspace } from './workspace.ts';

async function load(files: Files, overrides: string[] = [], env: Record<string, string> = {}): Promise<SpecDocument> {
  return await loadDocument('run.yaml', { overrides, cwd: await workspace(files), env });
}

async function loadValue(
  yaml: string,
  overrides: string[] = [],
  env: Record<string, string> = {},
): Promise<JsonObject> {
  return (await load({ 'run.yaml': yaml }, overrides, env)).value;
}

describe('files', () => {
  test('scalars are those of YAML 1.2: exponents are numbers, yes and 1_000 are texts', async () => {
    expect(await loadValue('a: 1e-4\nb: yes\nc: 1_000\nd: 0x10\ne: true\nf: null\ng:\nh: 2026-01-01\n')).toEqual({
      a: 1e-4,
      b: 'yes',
      c: '1_000',
      d: 16,
      e: true,
      f: null,
      g: null,
      h: '2026-01-01',
    });
  });

  test('a byte order mark and Windows line ends change neither values nor places', async () => {
    const document = await load({ 'run.yaml': '\uFEFFa: 1\r\nb:\r\n  c: 2\r\n' });
    expect(document.value).toEqual({ a: 1, b: { c: 2 } });
    expect(document.placeOf(['b', 'c'])).toMatchObject({ line: 3, column: 6 });
  });

  test('aliases copy what they name', async () => {
    expect(await loadValue('a: &x {b: [1, 2]}\nc: *x\nd: [*x]\n')).toEqual({
      a: { b: [1, 2] },
      c: { b: [1, 2] },
      d: [{ b: [1, 2] }],
    });
  });

  test('an anchor that is set again means its latest value from there on', async () => {
    expect(await loadValue('a: &x 1\nb: *x\nc: &x 2\nd: *x\n')).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });

  test('a document is frozen all through', async () => {
    const { value } = await load({ 'run.yaml': 'a: {b: [1]}\n' });
    expect(() => Object.assign(value, { c: 1 })).toThrow(TypeError);
    expect(Object.isFrozen(value.a)).toBe(true);
  });

  test('a link to nowhere and a file below a file are no such file', async () => {
    const directory = await workspace({ 'file.txt': '' });
    await symlink('nowhere', join(directory, 'link.yaml'));
    const options = { overrides: [], cwd: directory, env: {} };
    await expect(loadDocument('link.yaml', options)).rejects.toThrow('link.yaml: there is no such file');
    await expect(loadDocument('file.txt/x.yaml', options)).rejects.toThrow('file.txt/x.yaml: there is no such file');
  });

  test('a file that cannot be opened for another reason says which', async () => {
    const directory = await workspace({});
    await symlink('loop.yaml', join(directory, 'loop.yaml'));
    const options = { overrides: [], cwd: directory, env: {} };
    await expect(loadDocument('loop.yaml', options)).rejects.toThrow(
      /loop.yaml: the file cannot be read: symbolic links lead to one another in a circle/,
    );
  });

  test('every place is that of the key or of the value, or of the nearest that there is', async () => {
    const { placeOf } = await load({ 'run.yaml': 'a:\n  b:  [10, 20]\nc: 1\n' });
    expect(placeOf(['a', 'b'], 'key')).toMatchObject({ file: 'run.yaml', line: 2, column: 3 });
    expect(placeOf(['a', 'b', 1])).toMatchObject({ line: 2, column: 12 });
    expect(placeOf(['a', 'x', 'y'])).toMatchObject({ line: 1, column: 1 });
    expect(placeOf(['nowhere'])).toMatchObject({ line: 1, column: 1 });
    expect(placeOf(['c', 'd'])).toMatchObject({ line: 3, column: 1 });
  });
});

describe('extends', () => {
  test('this file wins over the last of its list, that over the first, and mappings merge', async () => {
    const { value } = await load({
      'run.yaml': 'extends: [one.yaml, parts/two.yaml]\nc: {z: 3}\n',
      'one.yaml': 'a: 1\nb: [1, 2]\nc: {x: 1, y: 1}\n',
      'parts/two.yaml': 'extends: zero.yaml\nb: [3]\nc: {y: 2, z: 2}\n',
      'parts/zero.yaml': 'a: 0\nd: 0\n',
    });
    expect(value).toEqual({ a: 0, b: [3], c: { x: 1, y: 2, z: 3 }, d: 0 });
  });

  test('the same builder keeps the parameters below it, another one does not', async () => {
    const base = { 'base.yaml': 'dataset: {builder: a, n: 1, m: 2}\n' };
    const same = await load({ ...base, 'run.yaml': 'extends: base.yaml\ndataset: {builder: a, n: 3}\n' });
    const none = await load({ ...base, 'run.yaml': 'extends: base.yaml\ndataset: {n: 3}\n' });
    const other = await load({ ...base, 'run.yaml': 'extends: base.yaml\ndataset: {builder: b, n: 3}\n' });
    expect(same.value).toEqual({ dataset: { builder: 'a', n: 3, m: 2 } });
    expect(none.value).toEqual(same.value);
    expect(other.value).toEqual({ dataset: { builder: 'b', n: 3 } });
  });

  test('fields lie over the bare name of a builder', async () => {
    const files = { 'base.yaml': 'service: local\n', 'run.yaml': 'extends: base.yaml\nservice: {threads: 2}\n' };
    expect((await load(files)).value).toEqual({ service: { builder: 'local', threads: 2 } });
  });

  test('a value knows the file that it comes from, by the name that leads there from the first', async () => {
    const { placeOf } = await load({
      'run.yaml': 'extends: parts/base.yaml\n',
      'parts/base.yaml': 'a: 1\n',
    });
    expect(placeOf(['a'])).toMatchObject({ file: 'parts/base.yaml', directory: expect.stringMatching(/\/parts$/) });
  });

  test('two files may extend the same third', async () => {
    const { value } = await load({
      'run.yaml': 'extends: [one.yaml, two.yaml]\n',
      'one.yaml': 'extends: base.yaml\n',
      'two.yaml': 'extends: base.yaml\n',
      'base.yaml': 'a: 1\n',
    });
    expect(value).toEqual({ a: 1 });
  });

  test('a spec is a sweep if its fields, or those below them, say so', async () => {
    const directory = await workspace({
      'run.yaml': 'trainer: x\n',
      'sweep.yaml': 'extends: grid.yaml\n',
      'grid.yaml': 'grid: {}\n',
    });
    expect(await kindOfSpec('run.yaml', directory)).toBe('run');
    expect(await kindOfSpec('sweep.yaml', directory)).toBe('sweep');
  });
});

describe('overrides', () => {
  test('values are YAML, paths reach anywhere, the last one wins', async () => {
    expect(
      await loadValue('a: 1\nlist: [{n: 1}, {n: 2}]\nbare: name\nempty:\n', [
        'a=1e-3',
        'b.c.d=[x, {y: true}]',
        'list[1].n=3',
        'bare.size=4',
        'empty.x=text with "=" in it',
        'b.c.e=',
        'a=2',
      ]),
    ).toEqual({
      a: 2,
      b: { c: { d: ['x', { y: true }], e: null } },
      list: [{ n: 1 }, { n: 3 }],
      bare: { builder: 'name', size: 4 },
      empty: { x: 'text with "=" in it' },
    });
  });

  test('a value replaces a mapping as a whole', async () => {
    expect(await loadValue('a: {x: 1, y: 2}\n', ['a={z: 3}'])).toEqual({ a: { z: 3 } });
  });

  test('a path in an override starts from where the command runs', async () => {
    const { placeOf } = await load({ 'run.yaml': 'a: 1\n' }, ['b=data.jsonl']);
    expect(placeOf(['b'])).toMatchObject({ file: 'command line', column: 3, argument: 'b=data.jsonl' });
    expect(placeOf(['b']).directory).toBe(placeOf(['a']).directory);
  });

  test('what an override leaves alone keeps its place', async () => {
    const { placeOf } = await load({ 'run.yaml': 'a: 1\nb:\n  c: 1\n' }, ['b.d=2']);
    expect(placeOf(['b'], 'key')).toMatchObject({ file: 'run.yaml', line: 2 });
    expect(placeOf(['b', 'd'], 'key').file).toBe('command line');
  });
});

describe('references', () => {
  test('alone, a reference has the type of what it names; in a text it is spelled out', async () => {
    expect(
      await loadValue('n: 16\nm: {x: [1, true]}\na: ${n}\nb: ${m}\nc: run-${n}-${m.x[1]}\nd: ${m.x[0]}\n'),
    ).toEqual({
      n: 16,
      m: { x: [1, true] },
      a: 16,
      b: { x: [1, true] },
      c: 'run-16-true',
      d: 1,
    });
  });

  test('references follow one another, and lead through what they name', async () => {
    expect(await loadValue('a: ${b.x}\nb: ${c}\nc: {x: "${d}"}\nd: 4\n')).toMatchObject({ a: 4, b: { x: 4 } });
  });

  test('a doubled dollar stands for itself', async () => {
    expect(await loadValue('a: $${b}\nb: price $5 and $${env:X} ${a}\n')).toEqual({
      a: '${b}',
      b: 'price $5 and ${env:X} ${b}',
    });
  });

  test('a variable of the environment that stands alone reads as on the command line', async () => {
    const env = { N: '8', X: '1e-3', FLAG: 'true', NAME: 'tiny', EMPTY: '', CODE: '0123' };
    expect(
      await loadValue(
        'n: ${env:N}\nx: ${env:X}\nf: ${env:FLAG}\nname: ${env:NAME}\ne: ${env:EMPTY}\nt: v${env:N}\nc: ${env:CODE}\n',
        [],
        env,
      ),
    ).toEqual({ n: 8, x: 1e-3, f: true, name: 'tiny', e: '', t: 'v8', c: '0123' });
  });

  test('references see overrides, and overrides may be references', async () => {
    expect(await loadValue('a: 1\nb: ${a}\n', ['a=2', 'c=${b}'])).toEqual({ a: 2, b: 2, c: 2 });
  });

  test('the value before interpolation stays at hand', async () => {
    const { template } = await load({ 'run.yaml': 'a: 1\nb: ${a}\n' });
    expect(template).toEqual({ a: 1, b: '${a}' });
  });

  test.each([
    [
      'texts',
      `a: ${'x'.repeat(50_000)}`,
      (below: string) => `"${`\${${below}}`.repeat(10)}"`,
      /a text of more than 100000 characters/,
    ],
    [
      'lists',
      'a: [0, 1, 2, 3]',
      (below: string) => `[${Array(10).fill(`"\${${below}}"`).join(', ')}]`,
      /^\S+ \S+: references stand for more than 10000 values$/,
    ],
  ])('%s that double at each level end before they fill the memory', async (_, first, next, message) => {
    const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const lines = names.map((name, i) => `${name}: ${next(i === 0 ? 'a' : (names[i - 1] ?? ''))}`);
    await expect(loadValue([first, ...lines, ''].join('\n'))).rejects.toThrow(message);
  });

  test('a long chain of references ends with an error', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => `a${i}: \${a${i + 1}}`);
    await expect(loadValue([...lines, 'a100: 1', ''].join('\n'))).rejects.toThrow(/more than 32 references/);
  });
});

test('errors of a file and of those that it extends are told together', async () => {
  const directory = await workspace({ 'run.yaml': 'extends: base.yaml\na: 1\na: 2\n', 'base.yaml': 'b: 1\nb: 2\n' });
  const loading = loadDocument('run.yaml', { overrides: [], cwd: directory, env: {} });
  await expect(loading).rejects.toThrow(
    'run.yaml:3:1 a: set twice; the first time on line 2\nbase.yaml:2:1 b: set twice; the first time on line 1',
  );
});
