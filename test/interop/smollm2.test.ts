// A real model, from its GGUF file: what it says and how it learns, against PyTorch on the same weights.

import { join } from 'node:path';
import { expect } from 'vitest';
import { exportWeights } from '../../src/export/export.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { addSafetensors } from '../../src/hub/converted_gguf.ts';
import { locateModel } from '../../src/hub/locate.ts';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { checkpointDirectory, gradientsAt, saveState, train } from './engine.ts';
import { test } from './fixtures.ts';
import type { ReferenceDatum } from './reference.ts';
import { smollm2 } from './smollm2.ts';

const LESSONS = [
  'A farmer has 12 hens. Each lays 5 eggs a week. He sells 40. How many are left? 12*5=60 and 60-40=20. #### 20',
  'Tickets cost $7. Four friends pay with a $50 note. 4*7=28, so they get 50-28=22 dollars back. #### 22',
  'Half of the 36 children walk to school, a third of the others cycle: 36/2=18, 18/3=6. #### 6',
];
const ADAM = { learning_rate: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1, grad_clip_norm: 1 };

async function setup(python: string | null) {
  if (python === null) throw new Error('there is no reference to start');
  const file = await smollm2(python);
  const { directory: model } = await locateModel(file);
  await addSafetensors(model);
  const tokenizer = await loadTokenizer(model);
  const batch = LESSONS.map((text): ReferenceDatum => {
    const ids = [...tokenizer.encode(text)];
    return { tokens: ids.slice(0, -1), targets: ids.slice(1), weights: ids.slice(1).map((_, i) => (i < 8 ? 0 : 0.1)) };
  });
  return { file, model, tokenizer, batch };
}

test('it says the same, greedily and in log-probs', { timeout: 300_000 }, async ({
  python,
  service,
  reference,
  expectAgreement,
}) => {
  const { file, model, tokenizer } = await setup(python);
  const renderer = chatTemplateRenderer(tokenizer, { currentDate: null });
  const prompts = ['What is the capital of France?', 'Write a haiku about rain.'].map((content) =>
    tokensOf(renderer.buildGenerationPrompt([{ role: 'user', content }])),
  );
  const client = await service.createSamplingClient({ base_model: file });
  const params = { max_tokens: 64, temperature: 0 };
  const responses = await Promise.all(prompts.map((prompt) => client.sample(modelInputFromTokens(prompt), 1, params)));
  const replies = responses.map(({ sequences: [{ tokens }] }) => tokens);
  expect(tokenizer.decode(replies[0])).toContain('Paris');
  expect(replies).toEqual(await reference.generate({ model, prompts, max_new_tokens: 64 }));

  const [prompt] = prompts;
  const tokens = [...prompt, ...replies[0]].slice(0, 48);
  const [distribution] = await reference.logProbs({ model, sequences: [tokens] });
  const [, ...actual] = await client.computeLogprobs(modelInputFromTokens(tokens));
  const expected = tokens.slice(1).map((token, t) => distribution[t][token]);
  expectAgreement('log-probs of SmolLM2', 1e-4, actual.map(Number), expected);
});

test('it learns the same: gradients, 20 steps, and the weights that are exported', {
  timeout: 600_000,
}, async ({ python, directory, service, reference, expectAgreement }) => {
  const { file, model, batch } = await setup(python);
  const client = await service.createLoraTrainingClient({ base_model: file, rank: 4 });
  await train(client, [batch, batch], ADAM); // B is zero at the start, and so is the gradient of A
  const state = await saveState(client, 'moved');
  const adapter = checkpointDirectory(directory, state);

  const actual = await gradientsAt(service, { directory, state, batch });
  const output = join(directory, 'expected.safetensors');
  const exported = join(directory, 'adapter');
  await exportWeights(adapter, { to: exported, format: 'peft', checkpoint: null, dtype: 'float32' });
  await reference.gradients({ model, adapter: exported, batch, output });
  const expected = await openSafetensors(output);
  expect([...actual.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
  for (const [name, gradient] of actual) {
    expectAgreement('gradients of LoRA factors on SmolLM2', 1e-3, gradient, await expected.read(name));
  }

  const steps = Array.from({ length: 20 }, () => batch);
  const trained = await service.createTrainingClientFromState(state);
  const { losses } = await train(trained, steps, ADAM);
  const theirs = await reference.train({ model, adapter: exported, batches: steps, adam: ADAM });
  expect(losses[19]).toBeLessThan(0.5 * losses[0]);
  expectAgreement('losses of 20 LoRA steps on SmolLM2', 1e-3, losses, theirs.losses);

  const merged = join(directory, 'merged');
  await exportWeights(adapter, { to: merged, format: 'merged', checkpoint: null, dtype: 'float32' });
  const [{ tokens, targets }] = batch;
  const sampler = await service.createSamplingClient({ model_path: adapter });
  const [, ...ours] = await sampler.computeLogprobs(modelInputFromTokens([...tokens, targets.at(-1) ?? 0]));
  const [distribution] = await reference.logProbs({ model: merged, sequences: [tokens] });
  const picked = targets.map((token, t) => distribution[t][token]);
  expectAgreement('log-probs of SmolLM2 merged', 1e-4, ours.map(Number), picked);
});
