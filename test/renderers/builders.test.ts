// Renderers as specs name them.

import { expect, test } from 'vitest';
import { Registry } from '../../src/registry/registry.ts';
import { rendererBuilders } from '../../src/renderers/builders.ts';
import { recommendedRenderer } from '../../src/renderers/recommended.ts';
import { rendererSlot } from '../../src/renderers/types.ts';
import { showPrompt } from '../support/show_example.ts';
import { CHATML, tinyTokenizer } from '../support/tiny_tokenizer.ts';

test.each([
  [null, 'User: hello\n\nAssistant:'],
  [CHATML, '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n'],
])('a model with the template %j gets the renderer that suits it', async (chat_template, expected) => {
  const tokenizer = await tinyTokenizer({ chat_template });
  const ref = await recommendedRenderer({ modelName: 'any', tokenizer });
  const renderer = await new Registry(rendererBuilders).build(rendererSlot, ref, { tokenizer });
  expect(showPrompt(renderer.buildGenerationPrompt([{ role: 'user', content: 'hello' }]), tokenizer)).toBe(expected);
});
