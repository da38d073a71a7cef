// A model directory that can be fine-tuned in a test: random weights, a real tokenizer with a chat template.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRandomModel } from './random_model.ts';
import { CHATML, tinyTokenizerJson } from './tiny_tokenizer.ts';

/** Tokens of the tiny tokenizer: 256 bytes, 13 merges, 5 special tokens. `<|im_end|>` is the third of those. */
export const CHAT_MODEL_VOCABULARY = 256 + 13 + 5;
const IM_END = 256 + 13 + 2;

/** `words`: what the model says in one token besides. */
export async function writeChatModel(directory: string, context = 128, words: readonly string[] = []): Promise<string> {
  await writeRandomModel(directory, {
    vocab_size: CHAT_MODEL_VOCABULARY + words.length,
    eos_token_id: IM_END,
    max_position_embeddings: context,
  });
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(tinyTokenizerJson(words)));
  const config = { bos_token: null, eos_token: '<|im_end|>', pad_token: '<|pad|>', chat_template: CHATML };
  await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify(config));
  return directory;
}

/** Short conversations, no two alike. */
export function conversationLines(count: number): string {
  const words = ['hello', 'world', 'user', 'or', 'he'];
  return Array.from({ length: count }, (_, i) => {
    const word = words[i % words.length];
    const messages = [
      { role: 'user', content: `${word} ${i}?` },
      { role: 'assistant', content: `${word} ${word} ${i % 7}` },
    ];
    return `${JSON.stringify({ messages })}\n`;
  }).join('');
}

/** Such a model with a long context that, asked greedily, never ends a reply: nothing speaks for the token that would. */
export async function writeEndlessModel(directory: string): Promise<string> {
  await writeChatModel(directory, 16_384);
  const file = join(directory, 'model.safetensors');
  const bytes = await readFile(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const { shape, data_offsets } = JSON.parse(bytes.toString('utf8', 8, 8 + length))['model.embed_tokens.weight'];
  const start = 8 + length + data_offsets[0] + IM_END * shape[1] * 4;
  await writeFile(file, bytes.fill(0, start, start + shape[1] * 4));
  return directory;
}
