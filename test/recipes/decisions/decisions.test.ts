// Decisions: scoring rules and their slopes, how forecasts are judged, how choices are asked, and rows of files.

import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { choiceLoss, SCORING_RULES, softmax } from '../../../src/recipes/decisions/choice_loss.ts';
import { choiceDatum, choicePrompts } from '../../../src/recipes/decisions/choice_prompt.ts';
import { readDecision, readDecisionFiles } from '../../../src/recipes/decisions/decision_file.ts';
import { forecastMetrics } from '../../../src/recipes/decisions/forecast_scores.ts';
import { weather } from '../../../src/recipes/decisions/weather.ts';
import { rendererSlot } from '../../../src/renderers/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import { loadTokenizer } from '../../../src/tokenizers/hf_tokenizer.ts';
import type { JsonObject } from '../../../src/util/json.ts';

const TINY = join(import.meta.dirname, '../../../example_data/models/tiny');

const logprobs = fc.array(fc.double({ min: -8, max: 0, noNaN: true }), { minLength: 2, maxLength: 5 });

describe.each(SCORING_RULES)('the %s score', (rule) => {
  it('has the slopes that differences show', () => {
    fc.assert(
      fc.property(logprobs, fc.nat(), (values, pick) => {
        const target = values.map((_, k) => (k === pick % values.length ? 0.75 : 0.25 / (values.length - 1)));
        const { grads } = choiceLoss(rule, target, values);
        const h = 1e-5;
        for (const [k] of values.entries()) {
          const moved = (by: number) =>
            choiceLoss(
              rule,
              target,
              values.map((value, i) => (i === k ? value + by : value)),
            ).loss;
          expect(grads[k]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 5);
        }
      }),
    );
  });

  it('is least for the true probabilities', () => {
    fc.assert(
      fc.property(logprobs, logprobs, (a, b) => {
        const count = Math.min(a.length, b.length);
        const truth = softmax(a.slice(0, count));
        const atTruth = choiceLoss(rule, truth, a.slice(0, count)).loss;
        expect(choiceLoss(rule, truth, b.slice(0, count)).loss).toBeGreaterThanOrEqual(atTruth - 1e-9);
      }),
    );
  });
});

describe('metrics of forecasts', () => {
  it('are those that can be worked out by hand', () => {
    const forecasts = [
      { p: [0.8, 0.2], target: [1, 0], truth: [0.7, 0.3] },
      { p: [0.8, 0.2], target: [0, 1], truth: [0.7, 0.3] },
      { p: [0.3, 0.7], target: [0, 1], truth: [0.3, 0.7] },
      { p: [0.5, 0.5], target: [1, 0], truth: [0.5, 0.5] },
    ];
    const metrics = forecastMetrics(forecasts);
    expect(metrics).toMatchObject({
      accuracy: (1 + 0 + 1 + 0.5) / 4,
      auc: (0.5 + 1 + 0 + 1) / 4,
      probability_error: expect.closeTo((0.1 + 0.1 + 0 + 0) / 4, 12),
    });
    expect(metrics.brier).toBeCloseTo((0.08 + 1.28 + 0.18 + 0.5) / 4, 12);
    expect(metrics.excess_brier).toBeCloseTo((0.02 + 0.02) / 4, 12);
    expect(metrics.optimal_brier).toBeCloseTo((0.42 + 0.42 + 0.42 + 0.5) / 4, 12);
    // In the bin of 0.8 one of two came, in that of 0.7 the only one, in that of 0.5 the only one.
    expect(metrics.calibration_error).toBeCloseTo((Math.abs(1.6 - 1) + 0.3 + 0.5) / 4, 12);
  });

  it('has no area where one of two never came, and says nothing of nothing', () => {
    expect(forecastMetrics([{ p: [0.8, 0.2], target: [1, 0], truth: null }])).not.toHaveProperty('auc');
    expect(forecastMetrics([])).toEqual({});
  });
});

describe('weather', () => {
  it('is drawn by its probabilities, and nothing does better than to say them', () => {
    const { train } = weather({ num_examples: 20_000, test_size: 0, held_out: 0, soft: false }, 3);
    const known = forecastMetrics(train.map(({ target, truth }) => ({ p: truth ?? [], target, truth })));
    expect(Number(known.calibration_error)).toBeLessThan(0.015);
    expect(Number(known.brier)).toBeCloseTo(Number(known.optimal_brier), 2);
    const half = forecastMetrics(train.map(({ target, truth }) => ({ p: [0.5, 0.5], target, truth })));
    expect(Number(half.brier)).toBeGreaterThan(Number(known.brier) + 0.1);
  });

  it('holds out combinations of signs, the same for every seed', () => {
    const options = { num_examples: 2000, test_size: 100, held_out: 12, soft: false };
    const [one, other] = [weather(options, 0), weather(options, 1)];
    expect(one.test).toEqual(other.test);
    expect(one.train).not.toEqual(other.train);
    const hidden = new Set(one.test.filter(({ tags }) => tags.includes('held_out')).map(({ text }) => text));
    expect(hidden.size).toBeGreaterThan(6);
    expect(one.train.filter(({ text }) => hidden.has(text))).toEqual([]);
  });
});

describe('a question', () => {
  it('is cut in front of the token that tells its choices apart', async () => {
    const tokenizer = await loadTokenizer(TINY);
    const renderer = await builtinRegistry().build(rendererSlot, { builder: 'chat_template' }, { tokenizer });
    const [decision] = weather({ num_examples: 1, test_size: 0, held_out: 0, soft: false }, 0).train;
    const prompt = choicePrompts(renderer, null)(decision);
    expect(tokenizer.decode(prompt.tokens)).toMatchInlineSnapshot(`
      "<|im_start|>user
      sky blue, wind south, birds high. Rain?

      choice#A = "yes"
      choice#B = "no"<|im_end|>
      <|im_start|>assistant
      choice#"
    `);
    expect(prompt.choices.map((token) => tokenizer.decode([token]))).toEqual(['A', 'B']);
    const { model_input, loss_fn_inputs } = choiceDatum(prompt);
    expect(tokensOf(model_input)).toEqual(prompt.tokens);
    expect(loss_fn_inputs.target_tokens.shape).toEqual([prompt.tokens.length, 2]);
    expect(loss_fn_inputs.target_tokens.data.slice(-2)).toEqual(prompt.choices);
  });
});

describe('rows of files', () => {
  it('are read with labels, with probabilities, and with descriptions', () => {
    expect(readDecision({ text: 'Rain?', choices: ['yes', 'no'], label: 'no', category: 'sky' })).toEqual({
      text: 'Rain?',
      choices: [
        { label: 'yes', description: null },
        { label: 'no', description: null },
      ],
      target: [0, 1],
      truth: null,
      tags: ['sky'],
    });
    const votes = {
      text: 'x',
      choices: [{ label: 'a', description: 'first' }, ['b', 'second']],
      probabilities: { a: 3, b: 1 },
    };
    expect(readDecision(votes)).toMatchObject({
      target: [0.75, 0.25],
      choices: [{ description: 'first' }, { description: 'second' }],
    });
  });

  it.each<[JsonObject, string]>([
    [{ text: 'x', choices: ['a'], label: 'a' }, 'choices: there are 1, not 2 to 26'],
    [{ text: 'x', choices: ['a', 'a'], label: 'a' }, 'choices: two have one label'],
    [{ text: 'x', choices: ['a', 'b'], label: 'c' }, 'label: must be one of a, b'],
    [
      { text: 'x', choices: ['a', 'b'], probabilities: { a: -1, b: 1 } },
      'probabilities.a: must be a number that is not negative',
    ],
    [{ text: 'x', choices: ['a', 'b'], probabilities: { a: 0 } }, 'probabilities: must not all be 0'],
    [
      { text: 'x', choices: ['a', 'b'], probabilities: { __proto__x: 1 } },
      'probabilities: "__proto__x" is none of the choices',
    ],
    [{ text: '', choices: ['a', 'b'], label: 'a' }, 'text: is empty'],
  ])('%j is refused', (row, message) => {
    expect(() => readDecision(row)).toThrow(message);
  });

  it('are held out alike for every seed', async () => {
    const file = join(tmpdir(), `decisions-${process.pid}.jsonl`);
    const rows = Array.from({ length: 10 }, (_, i) => ({ text: `q${i}`, choices: ['a', 'b'], label: 'a' }));
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const params = { file_path: file, test_file_path: null, test_size: 3, on_bad_row: 'error' as const };
    const [one, other] = await Promise.all(
      [0, 1].map((seed) => readDecisionFiles(params, { seed, warn: () => undefined })),
    );
    expect(one).toEqual(other);
    expect([one.train.length, one.test.length]).toEqual([7, 3]);
  });
});
