// Sampling's extras through the official SDK, unmodified: asked about one by one and all at once, by a client and its copy.

import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { openServer } from '../support/tinker_server.ts';
import { pypiPackage } from './packages.ts';
import { pythonOf } from './venv.ts';

const environment = await pythonOf({
  name: 'tinker-sdk',
  requirements: join(import.meta.dirname, 'tinker_requirements.txt'),
  packages: 'what the SDKs of the Tinker API ask for',
});
if ('missing' in environment) process.stderr.write(`interop: TINKER EXTRAS ARE SKIPPED: ${environment.missing}\n`);

describe.skipIf('missing' in environment)('the official SDK', () => {
  it('gets what it asks for beside samples, however it polls, and inflight weights', { timeout: 180_000 }, async () => {
    const python = 'missing' in environment ? '' : environment.path;
    const sdk = await pypiPackage(python, 'tinker==0.38.0');
    if ('missing' in sdk) throw new Error(sdk.missing);
    const { url, failures } = await openServer();
    const script = join(import.meta.dirname, 'tinker_extras.py');
    const { stdout } = await execa(python, ['-W', 'ignore', script, sdk.directory, url], { timeout: 120_000 });
    const { alone, together, before, after } = JSON.parse(stdout);
    expect(failures).toEqual([]);
    expect(alone).toHaveLength(17);
    expect(together).toEqual(alone);
    // The copy asked what the client had asked first.
    expect(alone[16]).toEqual(alone[0]);
    expect(alone[0].logprobs).toEqual([null, null, expect.any(Number), expect.any(Number)]);
    expect(alone[0].targets).toEqual([expect.any(Array), [3, 2], null]);
    expect(alone[0].targets[0][1]).toBe(0);
    expect(alone[1].targets).toEqual([[expect.any(Number)], [3, 2], [1]]);
    expect(alone[0].alt).toMatchObject([
      [expect.any(Array), [3, 3], null],
      [expect.any(Array), [3, 3], null],
    ]);
    expect(alone[0].top).toEqual(alone[0].tokens.map((tokens: number[]) => tokens.length));
    expect(after[0]).toEqual(after[1]);
    expect(after[0]).not.toEqual(before);
  });
});
