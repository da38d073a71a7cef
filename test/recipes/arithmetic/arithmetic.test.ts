import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { numberWords } from '../../../src/recipes/arithmetic/number_words.ts';
import { type EnvGroupBuilder, rlDatasetSlot } from '../../../src/rl/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import { plainRenderer } from '../../rl/support/renderer.ts';

const renderer = plainRenderer();

async function datasets(params: object, seed = 0) {
  return await builtinRegistry().build(
    rlDatasetSlot,
    { builder: 'arithmetic', example: false, ...params },
    {
      tokenizer: renderer.tokenizer,
      renderer,
      maxContextLength: 512,
      maxTokens: 8,
      seed,
      warn: () => undefined,
    },
  );
}

async function promptOf(builder: EnvGroupBuilder): Promise<string> {
  const [env] = await builder.makeEnvs();
  const first = await env.initialObservation();
  return 'overflow' in first ? '' : renderer.tokenizer.decode(tokensOf(first.observation));
}

/** What an environment makes of a reply. */
async function graded(builder: EnvGroupBuilder, reply: string) {
  const [env] = await builder.makeEnvs();
  await env.initialObservation();
  const tokens = renderer.tokenizer.encode(reply);
  const { reward, metrics } = await env.step({ tokens, logprobs: tokens.map(() => 0), stop_reason: 'stop' });
  return { reward: Number(reward.toFixed(6)), ...metrics };
}

describe('sums', () => {
  it('are asked in digits, in words, and behind an example', async () => {
    const asked = async (params: object) => await promptOf((await datasets(params)).train.getBatch(0)[0]);
    expect(await asked({ max_operand: 30 })).toMatchInlineSnapshot(`
      "<BOS>User: What is 22 + 14?

      Assistant:"
    `);
    expect(await asked({ max_operand: 30, in_words: true })).toMatchInlineSnapshot(`
      "<BOS>User: What is twenty-two plus fourteen?

      Assistant:"
    `);
    expect(await asked({ max_operand: 30, example: true })).toMatchInlineSnapshot(`
      "<BOS>User: What is 4 + 5?

      Assistant: 9

      User: What is 22 + 14?

      Assistant:"
    `);
  });

  it('are judged by the last number of the reply, and by its end', async () => {
    const { train } = await datasets({ max_operand: 30 });
    const [first] = train.getBatch(0);
    const [a, b] = (await promptOf(first)).match(/\d+/g)?.map(Number) ?? [];
    expect(await graded(first, ` ${a + b}\n\nUser:`)).toEqual({ reward: 1, format: 1, correct: 1 });
    expect(await graded(first, ` ${a} + ${b} = ${a + b}.\n\nUser:`)).toEqual({ reward: 1, format: 1, correct: 1 });
    expect(await graded(first, ` ${a + b}`)).toEqual({ reward: 0.9, format: 0, correct: 1 });
    expect(await graded(first, ` ${a + b + 1}\n\nUser:`)).toEqual({ reward: 0, format: 1, correct: 0 });
    expect(await graded(first, ' none')).toEqual({ reward: -0.1, format: 0, correct: 0 });
  });

  it('that are held out are never trained on, whatever the seed', async () => {
    const questions = async (builders: EnvGroupBuilder[]) => await Promise.all(builders.map(promptOf));
    const params = { max_operand: 9, test_size: 30, batch_size: 10, n_batches: 20 };
    const { test } = await datasets(params);
    const held = new Set(await questions(test?.getBatch(0) ?? []));
    expect(held.size).toBe(30);
    for (const seed of [0, 1]) {
      const { train, test } = await datasets(params, seed);
      expect(new Set(await questions(test?.getBatch(0) ?? []))).toEqual(held);
      const trained = await questions(Array.from({ length: train.length }, (_, i) => train.getBatch(i)).flat());
      expect(trained.filter((question) => held.has(question))).toEqual([]);
      // All 70 that are left, each once before any comes again.
      expect(new Set(trained.slice(0, 70)).size).toBe(70);
    }
    expect(await questions((await datasets(params, 0)).train.getBatch(0))).not.toEqual(
      await questions((await datasets(params, 1)).train.getBatch(0)),
    );
  });
});

describe('numbers', () => {
  it('have words', () => {
    expect([0, 7, 13, 20, 42, 100, 117, 999].map(numberWords)).toEqual([
      'zero',
      'seven',
      'thirteen',
      'twenty',
      'forty-two',
      'one hundred',
      'one hundred and seventeen',
      'nine hundred and ninety-nine',
    ]);
  });
});
