import { describe, expect, it } from 'vitest';
import { instructionsEvaluator } from '../../../example_data/tiny_corpus/instructions_evaluator.ts';
import { Random } from '../../../example_data/tiny_corpus/random.ts';
import { drawTask, TASK_KINDS } from '../../../example_data/tiny_corpus/tasks.ts';
import { Registry } from '../../../src/registry/registry.ts';
import type { Message } from '../../../src/renderers/types.ts';
import { evaluatorSlot } from '../../../src/training/evaluator.ts';
import type { Metrics } from '../../../src/training/types.ts';
import { plainRenderer, type ScriptedModel, samplingInput, scriptedModel } from './scripted_model.ts';

const KINDS = [...TASK_KINDS.keys()];
const ROUNDS = 4;

async function evaluate(params: object, model: ScriptedModel): Promise<Metrics> {
  const context = {
    tokenizer: plainRenderer.tokenizer,
    renderer: plainRenderer,
    test: null,
    seed: 0,
    warn: () => undefined,
  };
  const ref = { builder: 'instructions', num_examples: ROUNDS * KINDS.length, ...params };
  const evaluator = await new Registry([instructionsEvaluator]).build(evaluatorSlot, ref, context);
  return await evaluator.evaluate(samplingInput(model));
}

/** The tasks that the evaluator draws, by their system prompt and prompt. */
function answers(): Map<string, string> {
  const random = new Random(0);
  const tasks = Array.from({ length: ROUNDS }, () => KINDS.map((kind) => drawTask(random, kind, 'evaluation'))).flat();
  return new Map(tasks.map(({ system = '', prompt, answer }) => [`${system}|${prompt}`, answer]));
}

function keyOf(conversation: readonly Message[]): string {
  const system = conversation.length > 1 ? conversation[0].content : '';
  return `${String(system)}|${String(conversation.at(-1)?.content)}`;
}

describe('the instructions evaluator', () => {
  it('gives full marks to the answers of the corpus, over all and for every kind', async () => {
    const known = answers();
    const metrics = await evaluate(
      { by_kind: true },
      scriptedModel((conversation) => known.get(keyOf(conversation)) ?? ''),
    );
    const names = ['accuracy', ...KINDS.map((kind) => `accuracy_${kind}`)];
    expect(metrics).toEqual(Object.fromEntries(names.map((name) => [`instructions/${name}`, 1])));
  });

  it('gives no marks to a model that says nothing', async () => {
    const metrics = await evaluate(
      { name: 'test' },
      scriptedModel(() => ''),
    );
    expect(new Set(Object.values(metrics))).toEqual(new Set([0]));
    expect(metrics).toHaveProperty('test/accuracy');
  });

  it('reports only the kinds that it asked, and asks all at once', async () => {
    const model = scriptedModel(() => '');
    const metrics = await evaluate({ num_examples: 3, by_kind: true }, model);
    expect(Object.keys(metrics)).toEqual([
      'instructions/accuracy',
      ...KINDS.slice(0, 3).map((kind) => `instructions/accuracy_${kind}`),
    ]);
    expect(model.mostAtOnce).toBe(3);
  });

  it('asks other instructions for another seed, and the same for the same', async () => {
    const ask = async (example_seed: number): Promise<string[]> => {
      const asked: string[] = [];
      const model = scriptedModel((conversation) => {
        asked.push(keyOf(conversation));
        return '';
      });
      await evaluate({ example_seed }, model);
      return asked;
    };
    expect(await ask(1)).toEqual(await ask(1));
    expect(await ask(1)).not.toEqual(await ask(2));
  });
});
