import { describe, expect, it } from 'vitest';
import { carries } from '../../../example_data/tiny_corpus/arithmetic.ts';
import { arithmeticEvaluator } from '../../../example_data/tiny_corpus/arithmetic_evaluator.ts';
import { isHeldOutSum } from '../../../example_data/tiny_corpus/held_out.ts';
import { Registry } from '../../../src/registry/registry.ts';
import type { Message, Renderer } from '../../../src/renderers/types.ts';
import { type Evaluator, evaluatorSlot } from '../../../src/training/evaluator.ts';
import type { Metrics } from '../../../src/training/types.ts';
import { ConfigurationError } from '../../../src/util/errors.ts';
import { plainRenderer, type ScriptedModel, samplingInput, scriptedModel } from './scripted_model.ts';

async function build(params: object, renderer: Renderer | null = plainRenderer): Promise<Evaluator> {
  const context = { tokenizer: plainRenderer.tokenizer, renderer, test: null, seed: 100, warn: () => undefined };
  const ref = { builder: 'arithmetic', ...params };
  return await new Registry([arithmeticEvaluator]).build(evaluatorSlot, ref, context);
}

async function evaluate(params: object, model: ScriptedModel): Promise<Metrics> {
  const evaluator = await build(params);
  return await evaluator.evaluate(samplingInput(model));
}

function operandsOf(conversation: readonly Message[]): [number, number] {
  const [, a, b] = String(conversation.at(-1)?.content).match(/(\d+) \+ (\d+)/) ?? [];
  return [Number(a), Number(b)];
}

describe('the arithmetic evaluator', () => {
  it('gives full marks to a model that can add', async () => {
    const model = scriptedModel((conversation) => {
      const [a, b] = operandsOf(conversation);
      return `${a} + ${b} = ${a + b}.`;
    });
    expect(await evaluate({ name: 'test' }, model)).toEqual({
      'test/accuracy': 1,
      'test/accuracy_carry': 1,
      'test/accuracy_no_carry': 1,
    });
  });

  it('tells sums that carry from those that do not', async () => {
    const model = scriptedModel((conversation) => {
      const [a, b] = operandsOf(conversation);
      return carries(a, b) ? 'I do not know.' : String(a + b);
    });
    const metrics = await evaluate({}, model);
    expect(metrics).toMatchObject({ 'arithmetic/accuracy_carry': 0, 'arithmetic/accuracy_no_carry': 1 });
    expect(metrics['arithmetic/accuracy']).toBeGreaterThan(0.2);
    expect(metrics['arithmetic/accuracy']).toBeLessThan(0.4);
  });

  it('asks different sums that the corpus holds out, all at once', async () => {
    const asked: [number, number][] = [];
    const model = scriptedModel((conversation) => {
      asked.push(operandsOf(conversation));
      return '';
    });
    await evaluate({ num_problems: 50 }, model);
    expect(asked.every(([a, b]) => isHeldOutSum(a, b))).toBe(true);
    expect(new Set(asked.map(String)).size).toBe(50);
    expect(model.mostAtOnce).toBe(50);
  });

  it('samples with the seed of the run and asks the same sums whatever that is', async () => {
    const model = scriptedModel(() => '');
    await evaluate({ num_problems: 3, temperature: 0.5 }, model);
    expect(model.requests).toEqual(
      [100, 101, 102].map((seed) => ({ max_tokens: 24, temperature: 0.5, stop: ['\n'], seed })),
    );
  });

  it('asks as many sums as there are, and leaves out a group that has none', async () => {
    const metrics = await evaluate(
      { max_operand: 4 },
      scriptedModel(() => '0'),
    );
    expect(metrics).not.toHaveProperty('arithmetic/accuracy_carry');
    expect(metrics).toHaveProperty('arithmetic/accuracy_no_carry');
  });

  it('says what is missing when there is no renderer', async () => {
    await expect(build({}, null)).rejects.toThrow(ConfigurationError);
    await expect(build({}, null)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ConfigurationError: the evaluator "arithmetic" asks questions, and the run has no renderer]`,
    );
  });

  it('says when no sum is small enough', async () => {
    await expect(build({ max_operand: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ConfigurationError: no sum of numbers up to 1 is held out of the tiny corpus]`,
    );
  });
});
