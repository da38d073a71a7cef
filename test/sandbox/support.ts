// Programs for sandboxes: what a test runs, and with which limits.

import type { Sandbox, SandboxLimits, SandboxResult } from '../../src/sandbox/types.ts';

export const LIMITS: SandboxLimits = { seconds: 2, memory_mb: 64, output_bytes: 10_000, processes: 16 };

export interface Program {
  code: string;
  language: string;
  files?: Record<string, string>;
  stdin?: string;
  limits?: Partial<SandboxLimits>;
}

export async function runProgram(
  sandbox: Sandbox,
  { code, language, files = {}, stdin, limits = {} }: Program,
): Promise<SandboxResult> {
  const run = { language, files: { ...files, main: code }, entry: 'main', limits: { ...LIMITS, ...limits } };
  return await sandbox.run({ ...run, ...(stdin === undefined ? {} : { stdin }) });
}
