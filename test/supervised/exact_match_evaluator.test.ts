// The exact_match evaluator: the last reply of each held-out example, asked for again.

import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { Registry } from '../../src/registry/registry.ts';
import { type Renderer, rendererSlot } from '../../src/renderers/types.ts';
import { batchedDataset } from '../../src/supervised/batches.ts';
import { datumFromModelInputWeights } from '../../src/supervised/common.ts';
import { exactMatch, lastReply } from '../../src/supervised/exact_match_evaluator.ts';
import type { SamplingClient, TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { evaluatorSlot, type HeldOut } from '../../src/training/evaluator.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

/** `ask` is read, `reply` is learned. */
async function datumOf(...turns: [ask: string, reply: string][]): Promise<Datum> {
  const tokenizer = await tinyTokenizer();
  const parts = turns.flatMap(([ask, reply]) => [
    { tokens: tokenizer.encode(ask), weight: 0 },
    { tokens: tokenizer.encode(`${reply}<|im_end|>`), weight: 1 },
  ]);
  const tokens = parts.flatMap((part) => part.tokens);
  const weights = parts.flatMap((part) => part.tokens.map(() => part.weight));
  return datumFromModelInputWeights(modelInputFromTokens(tokens), weights, { reduction: 'mean' });
}

/** Answers a prompt that ends like this with that. */
async function answering(answers: Record<string, string>): Promise<SamplingClient> {
  const tokenizer = await tinyTokenizer();
  return {
    async sample(prompt, _, { max_tokens = 0 }) {
      const text = tokenizer.decode(tokensOf(prompt));
      const [, answer = ''] = Object.entries(answers).find(([ask]) => text.endsWith(ask)) ?? [];
      const tokens = tokenizer.encode(answer).slice(0, max_tokens);
      return { sequences: [{ stop_reason: 'stop' as const, tokens, logprobs: tokens.map(() => 0) }] };
    },
    computeLogprobs: async () => [],
    getInfo: async () => ({ base_model: 'm', is_lora: false, lora_rank: null, max_context_length: 64 }),
    close: async () => undefined,
  };
}

function untrained(): TrainingClient {
  const unused = () => Promise.reject(new Error('not needed to sample'));
  return {
    forward: unused,
    forwardBackward: unused,
    forwardBackwardCustom: unused,
    optimStep: unused,
    saveState: unused,
    saveWeightsForSampler: unused,
    saveWeightsAndGetSamplingClient: unused,
    getInfo: unused,
    close: unused,
  };
}

async function measure(data: Datum[], answers: Record<string, string>, renderer: Renderer | null = null) {
  const tokenizer = await tinyTokenizer();
  const test: HeldOut = batchedDataset({
    length: data.length,
    exampleAt: (index) => data[index],
    batchSize: 2,
    shuffleSeeds: null,
  });
  const context = { tokenizer, renderer, test, seed: 0, warn: () => undefined };
  const evaluator = await new Registry([exactMatch]).build(evaluatorSlot, { builder: 'exact_match' }, context);
  const client = await answering(answers);
  return await evaluator.evaluate({
    training: untrained(),
    sampling: async () => client,
    step: 0,
    logPath: '',
    signal: new AbortController().signal,
  });
}

describe('exact_match', () => {
  it('is the share of replies that are given word for word', async () => {
    const data = [await datumOf(['one?', 'hello']), await datumOf(['two?', 'world']), await datumOf(['six?', 'or'])];
    const answers = { 'one?': 'hello<|im_end|>', 'two?': 'world', 'six?': 'or so' };
    expect(await measure(data, answers)).toEqual({ 'test/exact_match': 2 / 3 });
  });

  it('asks for the last reply behind all that was said before', async () => {
    const data = [await datumOf(['one?', 'hello'], ['two?', 'world'])];
    expect(await measure(data, { 'hello<|im_end|>two?': 'world' })).toEqual({ 'test/exact_match': 1 });
  });

  it('a reply that goes on is another one', async () => {
    const data = [await datumOf(['one?', 'hello'])];
    expect(await measure(data, { 'one?': 'hello hello' })).toEqual({ 'test/exact_match': 0 });
  });

  it('what ends a reply is no part of it where that is a text', async () => {
    const tokenizer = await tinyTokenizer();
    const renderer = await builtinRegistry().build(rendererSlot, { builder: 'role_colon' }, { tokenizer });
    const conversation = ['user', 'assistant'].map((role) => ({ role, content: 'hello' }));
    const { model_input, weights } = renderer.buildSupervisedExample(conversation, 'all_assistant_messages');
    const data = [datumFromModelInputWeights(model_input, weights, { reduction: 'mean' })];
    expect(await measure(data, { '': ' hello\n\nUser:' }, renderer)).toEqual({ 'test/exact_match': 1 });
    expect(await measure(data, { '': ' hello' }, renderer)).toEqual({ 'test/exact_match': 1 });
    expect(await measure(data, { '': ' world\n\nUser:' }, renderer)).toEqual({ 'test/exact_match': 0 });
  });

  it('finds the reply of a datum that is trained from its first target on', () => {
    const datum = datumFromModelInputWeights(modelInputFromTokens([1, 2, 3]), [1, 1, 1], { reduction: 'none' });
    expect(lastReply(datum)).toEqual({ prompt: [1], reply: [2, 3] });
  });

  it('without a held-out set it is refused', async () => {
    const context = { tokenizer: await tinyTokenizer(), renderer: null, test: null, seed: 0, warn: () => undefined };
    const built = new Registry([exactMatch]).build(evaluatorSlot, { builder: 'exact_match' }, context);
    await expect(built).rejects.toThrow('no held-out set to measure');
  });
});
