// The models that both sides train, as directories in Hugging Face layout.

import { readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addSafetensors } from '../../src/hub/converted_gguf.ts';
import { locateModel } from '../../src/hub/locate.ts';
import { smollm2 } from '../../test/interop/smollm2.ts';

/** `tiny` is the model that ships, `smollm2` SmolLM2-135M-Instruct, made float32 from its GGUF; anything else is a directory. */
export async function modelDirectory(name: string, python: string): Promise<string> {
  if (name === 'tiny') return join(import.meta.dirname, '../../example_data/models/tiny');
  if (name !== 'smollm2') return name;
  const { directory } = await locateModel(await smollm2(python));
  await addSafetensors(directory);
  return directory;
}

/** The same model without a token that ends its replies, in a directory of links. */
export function linkWithoutEnd(model: string, directory: string): void {
  for (const name of readdirSync(model)) {
    // It would bring the token back.
    if (name === 'generation_config.json') continue;
    const path = realpathSync(join(model, name));
    if (name !== 'config.json') symlinkSync(path, join(directory, name));
    else
      writeFileSync(
        join(directory, name),
        JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), eos_token_id: null }),
      );
  }
}
