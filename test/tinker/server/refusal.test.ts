// What is said of failures: to clients in one line, and to whoever runs the server with what it takes to mend them.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { logged, told } from '../../../src/tinker/server/refusal.ts';
import { fileError } from '../../../src/util/files.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';

it('a failure of the system is told with what to do, and without a stack', async () => {
  const directory = await temporaryDirectory();
  const failure: unknown = await open(directory, 'w').catch((error: unknown) => error);
  const line = expect.stringMatching(/^cannot open \S+: it is a directory, not a file\. Move it away .*\.$/);
  expect([told(failure), logged(failure)]).toEqual([line, line]);
  const path = join(directory, 'x');
  const full = fileError('write', path, Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));
  expect(logged(full)).toBe(
    `cannot write ${path}: no space left on the device. Free some space there, and run the same command again.`,
  );
});

it('a failure that nobody expected is logged with where it was thrown', () => {
  const failure = new TypeError('of ours');
  expect(told(failure)).toBe('of ours');
  expect(logged(failure)).toContain('refusal.test.ts');
});
