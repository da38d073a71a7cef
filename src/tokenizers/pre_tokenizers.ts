// Pre-tokenizers that the library computes with JavaScript's idea of white space and digits, restated as patterns, which it
// reads as the original does: U+0085 is white space and U+FEFF is not, and every number of Unicode is a digit.

import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/** How GPT-2 splits text, which `ByteLevel` does unless told otherwise. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The same pre-tokenizer in words that leave nothing to the language it is computed in. */
export function exactPreTokenizer(json: JsonValue): JsonValue {
  if (!isJsonObject(json)) return json;
  if (json.type === 'Sequence' && Array.isArray(json.pretokenizers)) {
    return { ...json, pretokenizers: json.pretokenizers.map(exactPreTokenizer) };
  }
  // Where a space is put in front it has to be there before the split, so that one stays as it is.
  if (json.type === 'ByteLevel' && json.use_regex !== false && json.add_prefix_space === false) {
    return { type: 'Sequence', pretokenizers: [split(GPT2_PATTERN), { ...json, use_regex: false }] };
  }
  if (json.type === 'Digits') return split(json.individual_digits === true ? '\\p{N}' : '\\p{N}+');
  return json;
}

function split(pattern: string): JsonObject {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}
