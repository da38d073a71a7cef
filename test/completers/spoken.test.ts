// What a reply says while it is sampled is the beginning of what it has said in the end, in every format.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visibleText } from '../../src/completers/completers.ts';
import { spokenText } from '../../src/completers/spoken.ts';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { Renderer } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { CHATML, tinyTokenizer } from '../support/tiny_tokenizer.ts';

const characters = charTokenizer({ bos: '<|begin_of_text|>', eos: '<|eot_id|>' });
const templates = [CHATML, CHATML.replace("'<|im_start|>assistant\\n'", "'<|im_start|>assistant\\n<think>\\n'")];
const ofTemplates = await Promise.all(
  templates.map(async (chat_template) =>
    chatTemplateRenderer(await tinyTokenizer({ chat_template }), { currentDate: null }),
  ),
);
const renderers: Renderer[] = [...CATALOGUE.map((entry) => entry.create(characters)), ...ofTemplates];

async function spoken(renderer: Renderer, said: string): Promise<{ pieces: string[]; whole: string }> {
  const stop = renderer.getStopSequences()[0];
  const { tokenizer } = renderer;
  const tokens = [
    ...tokenizer.encode(said),
    ...(typeof stop === 'string' ? tokenizer.encode(stop) : stop === undefined ? [] : [stop]),
  ];
  const prompt = tokensOf(renderer.buildGenerationPrompt([{ role: 'user', content: 'Q' }]));
  const pieces: string[] = [];
  const sampled = (async function* () {
    yield* tokens;
  })();
  for await (const piece of spokenText(sampled, renderer, prompt)) pieces.push(piece);
  return { pieces, whole: visibleText(renderer.parseResponse(tokens).message).trim() };
}

const named = renderers.map((renderer, index) => [`${index} ${renderer.name}`, renderer] as const);

test.each(named)('%s tells plain text as it comes', async (_, renderer) => {
  const text = 'A reply.\n\nUses: a < b, <b>x</b>, é';
  const { pieces, whole } = await spoken(renderer, text);
  if (opensReasoning(renderer)) return expect(pieces.join('')).toBe('');
  expect(pieces.join('').trim()).toBe(whole);
  expect(pieces.length).toBeGreaterThan(10);
});

/** There, what is said is reasoning until it closes. */
const opensReasoning = (renderer: Renderer) =>
  renderer === ofTemplates[1] ||
  CATALOGUE.some(({ name, thinking }) => name === renderer.name && thinking === 'opened');

const piece = fc.constantFrom('A', 'B c', ' ', '\n', '\n\n', '<', '</', '<t', '<think>', '</think>', '<|', '\n\nUser:');

test('what is told is how the whole text begins', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...renderers), fc.array(piece, { maxLength: 10 }), async (renderer, said) => {
      const text = said.join('');
      const opens = text.split('<think>').length;
      // Reasoning that never closes is told as reasoning, and is text in the end.
      if (opens > 1 || text.includes('</think>')) return;
      const { pieces, whole } = await spoken(renderer, text);
      expect(whole.startsWith(pieces.join('').trim())).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
