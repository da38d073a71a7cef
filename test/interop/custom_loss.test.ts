// Losses that the official SDK traces with PyTorch, computed by our server and by PyTorch itself.

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { openServer } from '../support/tinker_server.ts';
import { pypiPackage } from './packages.ts';
import { pythonOf, referencePython } from './venv.ts';

interface Report {
  on_server: boolean;
  loss: number;
  metrics: Record<string, number>;
  logprobs: number[][] | number[][][];
  after: number[][] | number[][][];
}

const environments = [
  await referencePython(),
  await pythonOf({
    name: 'tinker-sdk',
    requirements: join(import.meta.dirname, 'tinker_requirements.txt'),
    packages: 'what the SDKs of the Tinker API ask for',
  }),
];
const missing = environments.find((each) => 'missing' in each);
if (missing !== undefined) process.stderr.write(`interop: CUSTOM LOSSES ARE SKIPPED: ${JSON.stringify(missing)}\n`);
const [torch, sdkParts] = environments.map((each) => ('path' in each ? each.path : ''));

/** PyTorch's own interpreter, and of the other environment what it lacks. */
async function reportOf(customLosses: boolean): Promise<Record<string, Report>> {
  const sdk = await pypiPackage(sdkParts, 'tinker==0.38.0');
  if ('missing' in sdk) throw new Error(sdk.missing);
  const { url, failures } = await openServer({ customLosses });
  const lib = join(dirname(sdkParts), '../lib');
  const [python = ''] = await readdir(lib);
  const { stdout } = await execa(
    torch,
    ['-W', 'ignore', join(import.meta.dirname, 'custom_loss.py'), sdk.directory, url],
    { timeout: 120_000, env: { PYTHONPATH: join(lib, python, 'site-packages') } },
  );
  expect(failures).toEqual([]);
  return JSON.parse(stdout);
}

describe.skipIf(missing !== undefined)('a custom loss', () => {
  it('is on the server what it is in PyTorch', { timeout: 300_000 }, async () => {
    const [here, there] = [await reportOf(true), await reportOf(false)];
    expect(Object.keys(here)).toHaveLength(6);
    for (const [name, { on_server, loss, metrics, logprobs, after }] of Object.entries(here)) {
      const theirs = there[name];
      expect([on_server, theirs.on_server]).toEqual([true, false]);
      // PyTorch adds up in float32.
      expect(Math.abs(loss / theirs.loss - 1), name).toBeLessThan(1e-6);
      expect(Object.keys(metrics).sort()).toEqual(Object.keys(theirs.metrics).sort());
      for (const [metric, value] of Object.entries(metrics))
        expect(Math.abs(value - theirs.metrics[metric]), metric).toBeLessThan(1e-5 + 1e-6 * Math.abs(value));
      expect(logprobs).toEqual(theirs.logprobs);
      for (const [i, value] of after.flat(2).entries()) expect(value, name).toBeCloseTo(theirs.after.flat(2)[i], 3);
    }
  });
});
