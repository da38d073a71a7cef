// Writes the tokenizer files of a model directory: `tokenizer.json` and `tokenizer_config.json` with a ChatML chat template.

import { join } from 'node:path';
import { makeDirectory, writeFileAtomic } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';

/** Special tokens of a tokenizer made here, in the order of their ids. There is no token for the beginning of a text. */
export const CHATML_SPECIAL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|pad|>'] as const;

/** Renders each message the same way wherever it stands, so a longer conversation only appends to a shorter one. */
const CHATML_TEMPLATE = [
  '{% for message in messages %}',
  "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}",
  '{% endfor %}',
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
].join('');

/** Writes both files, each atomically; makes the directory where it is absent. `modelMaxLength` is in tokens. */
export async function writeTokenizer(
  directory: string,
  { tokenizerJson, modelMaxLength }: { tokenizerJson: JsonObject; modelMaxLength: number },
): Promise<void> {
  await makeDirectory(directory);
  await writeJson(join(directory, 'tokenizer.json'), tokenizerJson);
  await writeJson(join(directory, 'tokenizer_config.json'), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: modelMaxLength,
    bos_token: null,
    eos_token: '<|im_end|>',
    pad_token: '<|pad|>',
    additional_special_tokens: ['<|endoftext|>', '<|im_start|>'],
    clean_up_tokenization_spaces: false,
    chat_template: CHATML_TEMPLATE,
  });
}

async function writeJson(path: string, value: JsonObject): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 1)}\n`);
}
