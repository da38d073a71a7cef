// cookbook schema and cookbook builders, as processes.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { catalog } from '../../src/builders/catalog.ts';
import { builtinRegistry } from '../../src/builtin.ts';
import { runSchema } from '../../src/spec/schema.ts';
import { isJsonObject } from '../../src/util/json.ts';
import { workspace } from '../spec/workspace.ts';
import { cookbook, REPOSITORY } from './command_line.ts';

test('the schema of the registry is printed, the same with and without --json', async () => {
  const directory = await workspace({});
  const plain = await cookbook(directory, 'schema', 'run');
  const json = await cookbook(directory, 'schema', 'run', '--json');
  expect(JSON.parse(plain.stdout)).toEqual(runSchema(builtinRegistry()));
  expect(JSON.parse(json.stdout)).toEqual(JSON.parse(plain.stdout));
});

test('the committed schemas are those of the registry; "cookbook schema --write schemas" renews them', async () => {
  const directory = await workspace({});
  const { code, stdout } = await cookbook(directory, 'schema', '--write', 'out/schemas');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'out/schemas/run.schema.json\nout/schemas/sweep.schema.json\n' });
  for (const name of ['run.schema.json', 'sweep.schema.json']) {
    const committed = await readFile(join(REPOSITORY, 'schemas', name), 'utf8');
    expect(await readFile(join(directory, 'out/schemas', name), 'utf8')).toBe(committed);
  }
});

test.each([
  ['run', 'configs'],
  ['sweep', 'sweeps'],
])('an editor finds nothing wrong in the %s specs that name the schema', async (kind, folder) => {
  const schema: unknown = JSON.parse(await readFile(join(REPOSITORY, 'schemas', `${kind}.schema.json`), 'utf8'));
  if (!isJsonObject(schema)) throw new TypeError('a schema is an object');
  const ajv = new Ajv({ allErrors: true, strict: false });
  const files = (await readdir(join(REPOSITORY, folder))).filter((name) => name.endsWith('.yaml'));
  const texts = await Promise.all(files.map((name) => readFile(join(REPOSITORY, folder, name), 'utf8')));
  const specs = texts.filter((text) => text.startsWith(`# yaml-language-server: $schema=../schemas/${kind}`));
  expect(specs.length).toBeGreaterThan(1);
  for (const text of specs) expect(ajv.validate(schema, parse(text)), `${ajv.errorsText()}:\n${text}`).toBe(true);
});

test('without saying which, it asks', async () => {
  const { code, stderr } = await cookbook(await workspace({}), 'schema');
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'say which schema, run or sweep, or --write DIR for both\n' });
});

test('the builders are those of the registry', async () => {
  const { code, stdout } = await cookbook(await workspace({}), 'builders', '--json');
  expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, builders: catalog(builtinRegistry()) });
});

test('a builder that is not there is an error with a hint', async () => {
  const { code, stderr } = await cookbook(await workspace({}), 'builders', 'no_such_thing_at_all');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'unknown builder "no_such_thing_at_all"\n"cookbook builders" lists all that there is.\n',
  });
});
