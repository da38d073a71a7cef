// Before the suite: the reference is installed, or the reason why it is not is printed and every test is skipped.

import type { TestProject } from 'vitest/node';
import { referencePython } from './venv.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The interpreter of the reference; null where there is none. */
    python: string | null;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const python = await referencePython();
  if ('missing' in python) process.stderr.write(`interop: EVERYTHING IS SKIPPED: ${python.missing}\n`);
  project.provide('python', 'missing' in python ? null : python.path);
}
