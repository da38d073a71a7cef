// Which renderer a model gets, and when another than that of its weights is refused.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reference } from '../../src/registry/slot.ts';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { missingTokens } from '../../src/renderers/definition.ts';
import { recommendedRenderer, rendererForWeights } from '../../src/renderers/recommended.ts';
import { rendererSlot } from '../../src/renderers/types.ts';
import { workspace } from '../spec/workspace.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { CHATML, tinyTokenizer } from '../support/tiny_tokenizer.ts';

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
const named = async (given: Parameters<typeof recommendedRenderer>[0]) => (await recommendedRenderer(given)).builder;

test('the table of models comes first, by name and for a directory that is certainly that model', async () => {
  const tokenizer = charTokenizer();
  expect(await named({ modelName: LLAMA, tokenizer })).toBe('llama3');
  expect(await named({ modelName: `${LLAMA}:peft:65536`, tokenizer })).toBe('llama3');
  const directory = join(await workspace({}), 'model');
  await mkdir(directory);
  await writeFile(join(directory, 'config.json'), JSON.stringify({ _name_or_path: LLAMA, hidden_size: 4096 }));
  expect(await named({ modelName: directory, tokenizer })).toBe('llama3');
});

test('a name in other letters than the table has is not taken for a model of which nothing is known', async () => {
  await expect(named({ modelName: LLAMA.toLowerCase(), tokenizer: charTokenizer() })).rejects.toThrow(
    `unknown model "${LLAMA.toLowerCase()}"; did you mean "${LLAMA}"?`,
  );
});

test("then the model's own template, and then role_colon", async () => {
  expect(await named({ modelName: 'acme/rocket', tokenizer: await tinyTokenizer() })).toBe('chat_template');
  expect(await named({ modelName: 'acme/rocket', tokenizer: charTokenizer() })).toBe('role_colon');
  expect(await named({ modelName: 'meta-llama/Llama-3.2-1B', tokenizer: charTokenizer() })).toBe('role_colon');
});

test('a tokenizer that lacks the tokens of the recommended renderer gets another', async () => {
  const tokenizer = await tinyTokenizer({ chat_template: CHATML });
  expect(await named({ modelName: LLAMA, tokenizer })).toBe('chat_template');
  const llama3 = CATALOGUE.find(({ name }) => name === 'llama3');
  expect(llama3 === undefined ? null : missingTokens(llama3, tokenizer)).toContain('<|eot_id|>');
});

test('weights go on with the renderer that they were trained with, unless another is meant', () => {
  const role = reference(rendererSlot, { builder: 'role_colon' });
  const trained = { trainedWith: { builder: 'llama3' }, override: false, weights: 'runs/sft' };
  expect(rendererForWeights(null, trained)?.builder).toBe('llama3');
  expect(rendererForWeights(null, { ...trained, trainedWith: null })).toBeNull();
  expect(rendererForWeights(role, { ...trained, trainedWith: null })).toBe(role);
  expect(rendererForWeights(role, { ...trained, override: true })).toBe(role);
  expect(() => rendererForWeights(role, trained)).toThrow(
    'renderer: the weights (runs/sft) were trained with the renderer llama3, and this is role_colon: set renderer_override: true if that is meant',
  );
  const keeps = reference(rendererSlot, { builder: 'qwen3', strip_thinking_from_history: false });
  const plain = reference(rendererSlot, { builder: 'qwen3' });
  const strips = reference(rendererSlot, { builder: 'qwen3', strip_thinking_from_history: true });
  expect(rendererForWeights(strips, { ...trained, trainedWith: plain })).toBe(strips);
  expect(() => rendererForWeights(strips, { ...trained, trainedWith: keeps })).toThrow(
    'the weights (runs/sft) were trained with the renderer qwen3 with strip_thinking_from_history: false, and this is qwen3 with strip_thinking_from_history: true',
  );
});
