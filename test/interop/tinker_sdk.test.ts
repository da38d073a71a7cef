// The official SDK of the Tinker API, in versions that speak it differently, unmodified, against our server.

import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { openServer } from '../support/tinker_server.ts';
import { pypiPackage } from './packages.ts';
import { pythonOf } from './venv.ts';

/** JSON alone; samples in protobuf; results too; the same with flags; protobuf with the old way to resume; the newest. */
const VERSIONS = ['0.16.1', '0.18.2', '0.22.0', '0.24.1', '0.25.0', '0.38.0'];
/** What one version asks for beyond the others. */
const BESIDES: Record<string, string[]> = { '0.22.0': ['grpcio==1.85.3'] };

const environment = await pythonOf({
  name: 'tinker-sdk',
  requirements: join(import.meta.dirname, 'tinker_requirements.txt'),
  packages: 'what the SDKs of the Tinker API ask for',
});
if ('missing' in environment) process.stderr.write(`interop: TINKER SDKs ARE SKIPPED: ${environment.missing}\n`);

describe.skipIf('missing' in environment)('the official SDK', () => {
  const seen: object[] = [];

  it.each(VERSIONS)('%s trains, saves, resumes and samples', { timeout: 180_000 }, async (version) => {
    const python = 'missing' in environment ? '' : environment.path;
    const sdk = await pypiPackage(python, `tinker==${version}`, BESIDES[version]);
    if ('missing' in sdk) throw new Error(sdk.missing);
    const { url, failures } = await openServer();
    const script = join(import.meta.dirname, 'tinker_sdk.py');
    const { stdout } = await execa(python, ['-W', 'ignore', script, sdk.directory, url], { timeout: 120_000 });
    const { version: _, ...report } = JSON.parse(stdout);
    expect(failures).toEqual([]);
    expect(report.losses[2]).toBeLessThan(report.losses[0]);
    expect(report.resumed).toEqual(report.after);
    expect(report.logprobs[0]).toBeNull();
    expect(report.logprobs).toHaveLength(8);
    const tokens = report.sampled.reduce((sum: number, length: number) => sum + length, 0);
    expect(report.rl_loss).toBeCloseTo(-tokens, 3);
    seen.push(report);
  });

  it('sees the same numbers in every version', () => {
    expect(seen).toHaveLength(VERSIONS.length);
    for (const report of seen) expect(report).toEqual(seen[0]);
  });
});
