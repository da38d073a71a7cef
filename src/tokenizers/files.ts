// Which files of a model directory belong to its tokenizer and go where it goes.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** With the chat template, and generation_config.json for the tokens that end a reply. */
const TOKENIZER_FILE =
  /^(tokenizer[^/]*|special_tokens_map|added_tokens|generation_config)\.json$|^chat_template\.jinja$/;

export function isTokenizerFile(name: string): boolean {
  return TOKENIZER_FILE.test(name);
}

/** Paths of those that a directory has. */
export async function tokenizerFiles(directory: string): Promise<string[]> {
  return (await readdir(directory))
    .filter(isTokenizerFile)
    .sort()
    .map((name) => join(directory, name));
}
