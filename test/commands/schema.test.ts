// cookbook schema and cookbook builders, as processes.

import { expect, test } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { catalog } from '../../src/spec/catalog.ts';
import { runSchema } from '../../src/spec/schema.ts';
import { workspace } from '../spec/workspace.ts';
import { cookbook } from './command_line.ts';

test('the schema of the registry is printed, the same with and without --json', async () => {
  const directory = await workspace({});
  const plain = await cookbook(directory, 'schema', 'run');
  const json = await cookbook(directory, 'schema', 'run', '--json');
  expect(JSON.parse(plain.stdout)).toEqual(runSchema(builtinRegistry()));
  expect(JSON.parse(json.stdout)).toEqual(JSON.parse(plain.stdout));
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
