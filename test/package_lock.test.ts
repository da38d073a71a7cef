// What installing this package does, as far as its lock file decides it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** npm 10 runs the scripts of packages that the lock says have any, and the runtime's reaches another host than the registry. */
it('no dependency runs a script when it is installed', async () => {
  const lock = await readFile(join(import.meta.dirname, '../package-lock.json'), 'utf8');
  expect(lock).not.toContain('"hasInstallScript"');
});
