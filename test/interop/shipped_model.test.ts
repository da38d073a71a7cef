// The model that ships, in transformers: the same tokens, the same log-probs, the same greedy replies.

import { join } from 'node:path';
import { expect } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { test } from './fixtures.ts';

const MODEL = join(import.meta.dirname, '../../example_data/models/tiny');

const QUESTIONS = [
  'Hello!',
  'What is 7 + 5?',
  'What color is the sky?',
  'Tell me a story about a dog.',
  'Name three animals.',
  'Zażółć gęślą jaźń 🙂',
];

test('the model that ships says the same in transformers', async ({ service, reference, expectAgreement }) => {
  const tokenizer = await loadTokenizer(MODEL);
  const renderer = chatTemplateRenderer(tokenizer, { currentDate: null });
  const conversations = QUESTIONS.map((content) => [{ role: 'user', content }]);
  const prompts = conversations.map((messages) => tokensOf(renderer.buildGenerationPrompt(messages)));
  expect(await reference.applyChatTemplate({ model: MODEL, conversations, add_generation_prompt: true })).toEqual(
    prompts,
  );

  const client = await service.createSamplingClient({ base_model: MODEL });
  const params = { max_tokens: 64, temperature: 0 };
  const responses = await Promise.all(prompts.map((prompt) => client.sample(modelInputFromTokens(prompt), 1, params)));
  const replies = responses.map(({ sequences: [{ tokens }] }) => tokens);
  const expected = await reference.generate({ model: MODEL, prompts, max_new_tokens: 64 });
  expect(replies.map((tokens) => tokenizer.decode(tokens))).toEqual(expected.map((tokens) => tokenizer.decode(tokens)));
  expect(replies).toEqual(expected);

  const conversationsAsTokens = prompts.map((prompt, p) => [...prompt, ...replies[p]]);
  const distributions = await reference.logProbs({ model: MODEL, sequences: conversationsAsTokens });
  for (const [s, tokens] of conversationsAsTokens.entries()) {
    const [, ...actual] = await client.computeLogprobs(modelInputFromTokens(tokens));
    const picked = tokens.slice(1).map((token, t) => distributions[s][t][token]);
    expectAgreement('log-probs of the model that ships', 1e-4, actual.map(Number), picked);
  }
});
