// Whether text begins with the token that begins all texts, as the files of a tokenizer say it.

import { join } from 'node:path';
import { readJsonObject } from '../../tokenizers/model_files.ts';
import type { Tokenizer } from '../../tokenizers/types.ts';
import { isJsonObject, type JsonValue, objectOf } from '../../util/json.ts';

/** The tokens in front of every text; none where the tokenizer only has such a token, and does not use it by itself. */
export async function textBeginning(directory: string, { bosTokenId }: Tokenizer): Promise<number[]> {
  if (bosTokenId === null) return [];
  const config = (await readJsonObject(join(directory, 'tokenizer_config.json'))) ?? {};
  if (typeof config.add_bos_token === 'boolean') return config.add_bos_token ? [bosTokenId] : [];
  const { post_processor = null } = (await readJsonObject(join(directory, 'tokenizer.json'))) ?? {};
  return beginsWithSpecial(post_processor) ? [bosTokenId] : [];
}

/** Whether a template, alone or among others, writes a special token first. */
function beginsWithSpecial(processor: JsonValue): boolean {
  if (!isJsonObject(processor)) return false;
  const { type, single, processors } = processor;
  if (type === 'Sequence' && Array.isArray(processors)) return processors.some(beginsWithSpecial);
  return type === 'TemplateProcessing' && Array.isArray(single) && 'SpecialToken' in objectOf(single[0]);
}
