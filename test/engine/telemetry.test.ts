// What the runtime below the engine would collect and send, and does not.

import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cookbook } from '../support/cli.ts';

const TINY = join(import.meta.dirname, '../../example_data/models/tiny');

it('leaves nothing behind that was collected for somebody else', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'cookbook-telemetry-'));
  const { code } = await cookbook(['chat', TINY, '-m', 'hello', '--max-tokens', '4'], {
    cwd: cache,
    env: { XDG_CACHE_HOME: cache, HOME: cache },
  });
  expect(code).toBe(0);
  expect((await readdir(cache)).filter((name) => name !== 'tinker-cookbook')).toEqual([]);
});
