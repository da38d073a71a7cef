// What every command does with errors: known ones on a line, defects with their stack, all of them as data with --json.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workspace } from '../spec/workspace.ts';
import { type Ended, node, REPOSITORY } from './command_line.ts';

const DIST = join(REPOSITORY, 'dist');

/** A command that does no more than throw, in a process of its own. */
async function throwing(expression: string, ...argv: string[]): Promise<Ended> {
  const script = `
import { BaseCommand } from '${DIST}/commands/base.js';
import * as errors from '${DIST}/util/errors.js';

class Thrower extends BaseCommand {
  async run() {
    await this.parse(Thrower);
    throw ${expression};
  }
}
await Thrower.run(process.argv.slice(2), '${REPOSITORY}');
`;
  const directory = await workspace({ 'thrower.mjs': script });
  return await node(directory, 'thrower.mjs', ...argv);
}

test('a known error is its message and its hint, with its exit code', async () => {
  const thrown = await throwing(`new errors.RunDirectoryError('it is in use', { hint: 'Wait for the other run.' })`);
  expect(thrown).toEqual({ code: 1, stdout: '', stderr: 'it is in use\nWait for the other run.\n' });
});

test('with --json it is data', async () => {
  const { code, stdout, stderr } = await throwing(`new errors.ConfigurationError('no', { hint: 'Yes.' })`, '--json');
  expect({ code, stderr, ...JSON.parse(stdout) }).toEqual({
    code: 2,
    stderr: '',
    error: { code: 'CONFIGURATION', message: 'no', hint: 'Yes.' },
  });
});

test('a defect shows its stack, and is data with --json too', async () => {
  const plain = await throwing(`new TypeError('x is not a function')`);
  expect(plain.code).toBe(1);
  expect(plain.stderr).toMatch(/^TypeError: x is not a function\n +at .*thrower\.mjs/);
  const json = await throwing(`new TypeError('x is not a function')`, '--json');
  expect(JSON.parse(json.stdout)).toEqual({ error: { code: 'INTERNAL', message: 'x is not a function' } });
  expect(json.stderr).toMatch(/^TypeError/);
});

test('a usage error is data with --json, with its exit code', async () => {
  const { code, stdout } = await throwing('null', '--json', '--nonsense');
  expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 2, error: { code: 'USAGE' } });
});

test('too few open files are told with what to do', async () => {
  const thrown = await throwing(`Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })`);
  expect(thrown).toEqual({
    code: 1,
    stdout: '',
    stderr: 'too many files are open\nAllow more open files: ulimit -n 1024.\n',
  });
});
