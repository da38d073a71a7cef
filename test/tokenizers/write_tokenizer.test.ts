import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJson } from '../../src/renderers/jinja/json.ts';
import { ChatTemplate } from '../../src/renderers/jinja/template.ts';
import { plain } from '../../src/renderers/jinja/text.ts';
import type { Value } from '../../src/renderers/jinja/values.ts';
import { trainBpe } from '../../src/tokenizers/train_bpe.ts';
import { CHATML_SPECIAL_TOKENS, writeTokenizer } from '../../src/tokenizers/write_tokenizer.ts';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';

let directory = '';
let config: JsonObject = {};
let render = (_messages: object[], _addGenerationPrompt: boolean): string => '';

async function readJson(name: string): Promise<JsonObject> {
  const value: unknown = JSON.parse(await readFile(join(directory, name), 'utf8'));
  if (!isJsonObject(value)) throw new Error(`${name} holds no object`);
  return value;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-write-tokenizer-'));
  const text = 'the cat and the dog and the bird sat on the mat';
  const { tokenizerJson } = trainBpe([text], { vocabSize: 265, specialTokens: CHATML_SPECIAL_TOKENS });
  await writeTokenizer(directory, { tokenizerJson, modelMaxLength: 64 });
  config = await readJson('tokenizer_config.json');
  const template = new ChatTemplate(String(config.chat_template));
  render = (messages, asked) => {
    const values = parseJson(JSON.stringify(messages), (text) => text);
    return plain(
      template.render(
        new Map<string, Value>([
          ['messages', values],
          ['add_generation_prompt', asked],
        ]),
      ),
    );
  };
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

const CONVERSATION = [
  { role: 'system', content: 'Be kind.' },
  { role: 'user', content: 'Hi!' },
  { role: 'assistant', content: 'Hello.' },
  { role: 'user', content: 'Bye!' },
  { role: 'assistant', content: 'Goodbye.' },
];

describe('the files of a tokenizer', () => {
  it('load together and know the special tokens', async () => {
    expect((await readdir(directory)).sort()).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    const tokenizer = new Tokenizer(await readJson('tokenizer.json'), config);
    const { ids } = tokenizer.encode('<|im_start|>user\nthe cat<|im_end|>', { add_special_tokens: false });
    expect([ids.at(0), ids.at(-1)]).toEqual([1, 2]);
    expect(tokenizer.decode(ids, { skip_special_tokens: true })).toBe('user\nthe cat');
    expect([config.eos_token, config.bos_token, config.pad_token]).toEqual(['<|im_end|>', null, '<|pad|>']);
  });

  it('carry a chat template in the ChatML layout', () => {
    expect(render(CONVERSATION.slice(0, 2), true)).toMatchInlineSnapshot(`
      "<|im_start|>system
      Be kind.<|im_end|>
      <|im_start|>user
      Hi!<|im_end|>
      <|im_start|>assistant
      "
    `);
  });

  it('render a longer conversation as an extension of the shorter one', () => {
    for (let length = 1; length < CONVERSATION.length; length++) {
      const shorter = render(CONVERSATION.slice(0, length), false);
      expect(render(CONVERSATION.slice(0, length + 1), false).startsWith(shorter)).toBe(true);
    }
    const prompt = render(CONVERSATION.slice(0, 2), true);
    expect(render(CONVERSATION.slice(0, 3), false)).toBe(`${prompt}Hello.<|im_end|>\n`);
  });
});
