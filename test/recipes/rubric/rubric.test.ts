// Rubrics: rows, judges, agreement with the truth, and what becomes of judgements that cannot be read.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { agreementMetrics } from '../../../src/recipes/rubric/agreement.ts';
import { rubricGroup } from '../../../src/recipes/rubric/group.ts';
import { modelJudge } from '../../../src/recipes/rubric/judges.ts';
import { readRubricRow } from '../../../src/recipes/rubric/row.ts';
import { rubricSums } from '../../../src/recipes/rubric/sums.ts';
import type { RubricJudge } from '../../../src/recipes/rubric/types.ts';
import { type Renderer, rendererSlot } from '../../../src/renderers/types.ts';
import type { Trajectory } from '../../../src/rl/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import { loadTokenizer } from '../../../src/tokenizers/hf_tokenizer.ts';
import type { JsonObject } from '../../../src/util/json.ts';

const TINY = join(import.meta.dirname, '../../../example_data/models/tiny');

/** A row as the Python cookbook writes it. */
const ROW = {
  convo: [{ role: 'user', content: 'What is 3 + 4?' }],
  rubric_items: [
    {
      rubric_str: 'Does the chatbot get 7?',
      extraction_regex: '<score>(.*)</score>',
      grader_output_format_instruction: 'Please output your score between 0 and 1 wrapped in <score> ... </score>',
    },
  ],
};

const ITEM = readRubricRow(ROW).rubric_items[0];
const COMPLETION = { prompt_conversation: ROW.convo, completion: [{ role: 'assistant', content: '7' }] };
const SETTINGS = { min_score: 0, max_score: 1, temperature: 0, retries: 0 };

async function judgedAs(answer: string, settings = SETTINGS): Promise<{ score: number | null; warnings: string[] }> {
  const warnings: string[] = [];
  const judge = await modelJudge(settings, {
    judge: {
      complete: async () => ({
        message: { role: 'assistant', content: answer },
        termination: 'stop_sequence',
        stop_reason: 'stop',
      }),
    },
    seed: 0,
    warn: (message) => warnings.push(message),
  });
  return { score: await judge.score(ITEM, COMPLETION), warnings };
}

describe('a judge that is a model', () => {
  it.each([
    ['<score>0.5</score>', 0.5],
    ['<score>7</score>', 1],
    ['<score>-3</score>', 0],
    ['<score>seven</score>', null],
    ['it is right', null],
    ['<score>Infinity</score>', null],
  ])('that says %j gives %j', async (answer, score) => {
    const judged = await judgedAs(answer);
    expect(judged.score).toBe(score);
    expect(judged.warnings).toHaveLength(score === null ? 1 : 0);
  });

  it('may have scores of another range', async () => {
    expect((await judgedAs('<score>4</score>', { ...SETTINGS, min_score: 1, max_score: 5 })).score).toBe(0.75);
  });
});

describe('agreement', () => {
  it('is accuracy and kappa over what could be read', () => {
    // 40 yes-yes, 10 yes-no, 5 no-yes, 45 no-no: accuracy 0.85, chance 0.5 · 0.45 + 0.5 · 0.55 = 0.5.
    const many = (count: number, judge: number | null, truth: number) =>
      Array.from({ length: count }, () => ({ judge, truth }));
    const judged = [...many(40, 1, 1), ...many(10, 1, 0), ...many(5, 0.2, 1), ...many(45, 0, 0), ...many(25, null, 1)];
    const metrics = agreementMetrics(judged);
    expect(metrics).toMatchObject({ n: 100, unreadable: expect.closeTo(0.2, 12), accuracy: 0.85 });
    expect(metrics.kappa).toBeCloseTo(0.7, 12);
    expect(metrics.false_positives).toBeCloseTo(10 / 55, 12);
    expect(metrics.false_negatives).toBeCloseTo(5 / 45, 12);
  });

  it('is a kappa of 0 for a judge that always says the same, and none where there was nothing to tell apart', () => {
    const both = [
      { judge: 1, truth: 1 },
      { judge: 1, truth: 0 },
    ];
    expect(agreementMetrics(both).kappa).toBe(0);
    expect(agreementMetrics([{ judge: 1, truth: 1 }])).not.toHaveProperty('kappa');
    expect(agreementMetrics([{ judge: null, truth: 1 }])).toEqual({ n: 0, unreadable: 1 });
  });
});

async function tinyRenderer(): Promise<Renderer> {
  const tokenizer = await loadTokenizer(TINY);
  return await builtinRegistry().build(rendererSlot, { builder: 'chat_template' }, { tokenizer });
}

function trajectoryOf(renderer: Renderer, reply: string): Trajectory {
  const messages = [...ROW.convo, { role: 'assistant', content: reply }];
  const ob = renderer.buildGenerationPrompt(ROW.convo);
  const all = tokensOf(renderer.buildSupervisedExample(messages, 'last_assistant_message').model_input);
  const tokens = all.slice(
    tokensOf(ob).length,
    all.indexOf(renderer.tokenizer.tokenId('<|im_end|>') ?? -1, tokensOf(ob).length) + 1,
  );
  const ac = { tokens, logprobs: tokens.map(() => -1), stop_reason: 'stop' as const };
  return {
    transitions: [{ ob, ac, reward: 0, episode_done: true, metrics: {}, logs: {} }],
    final_ob: ob,
    stop_reason: null,
  };
}

describe('a group', () => {
  const scores: Record<string, number | null> = { '7': 1, '8': 0, '9': null };
  const asked: string[] = [];
  const judge: RubricJudge = {
    kind: 'model',
    async score(_, { completion: [{ content }] }) {
      asked.push(String(content));
      return scores[String(content)] ?? null;
    },
  };
  const row = readRubricRow({ ...ROW, rubric_items: [{ ...ROW.rubric_items[0], rule: { last_number: 7 } }] });

  it('neither rewards nor punishes a reply whose judgement cannot be read, and counts it', async () => {
    const renderer = await tinyRenderer();
    const options = { renderer, maxContextLength: 512, judge, groupSize: 4, formatCoef: 0.1 };
    const group = rubricGroup(row, options);
    const replies = ['7', '8', '9', '7'].map((reply) => trajectoryOf(renderer, reply));
    const rewards = (await group.computeGroupRewards?.(replies, [])) ?? [];
    expect(rewards.map(({ reward }) => reward)).toEqual([1, 0, 2 / 3, 1]);
    // The mean of the group stays that of the judgements: centred, what is unknown has no advantage.
    expect(rewards.reduce((sum, { reward }) => sum + reward, 0) / 4).toBeCloseTo(2 / 3, 12);
    expect(rewards[2].metrics).toEqual({ format: 1, judged_by_model: 1, unreadable: 1, truth_score: 0 });
    expect(rewards[0].metrics).toEqual({
      format: 1,
      judged_by_model: 1,
      unreadable: 0,
      rubric_score: 1,
      truth_score: 1,
      judge_agrees: 1,
    });
    expect(asked).toEqual(['7', '8', '9']);
  });
});

describe('rows', () => {
  it('are those of the Python cookbook, and may have rules and labelled replies', () => {
    expect(readRubricRow(ROW).rubric_items[0]).toEqual({ ...ROW.rubric_items[0], rule: null });
    const ruled = readRubricRow({
      ...ROW,
      rubric_items: [{ rubric_str: 'Short.', rule: { max_words: 2 } }],
      replies: [{ reply: 'one two three' }, { reply: 'one', scores: [0.5] }],
    });
    expect(ruled.replies).toEqual([
      { reply: 'one two three', scores: [0] },
      { reply: 'one', scores: [0.5] },
    ]);
  });

  it.each<[JsonObject, string]>([
    [{ ...ROW, convo: [] }, 'convo: must be a list with something in it'],
    [{ ...ROW, rubric_items: [{ rubric_str: '' }] }, 'rubric_items[0].rubric_str: must be a text'],
    [{ ...ROW, rubric_items: [{ rubric_str: 'x', extraction_regex: '(' }] }, 'rubric_items[0].extraction_regex'],
    [{ ...ROW, rubric_items: [{ rubric_str: 'x', rule: { eval: '1' } }] }, 'rubric_items[0].rule: must be'],
    [{ ...ROW, replies: [{ reply: '7' }] }, 'replies[0].scores: needed where an item of the rubric has no rule'],
    [{ ...ROW, replies: [{ reply: '7', scores: [2] }] }, 'replies[0].scores: must be 1 numbers from 0 to 1'],
  ])('%j is refused', (row, message) => {
    expect(() => readRubricRow(row)).toThrow(message);
  });
});

describe('generated sums', () => {
  it('have right and wrong replies, and hold the same pairs out for every seed', () => {
    const options = { max_operand: 50, num_examples: 400, test_size: 50, replies_per_row: 1 };
    const [one, other] = [rubricSums(options, 0), rubricSums(options, 1)];
    expect(one.test).toEqual(other.test);
    const right = one.train.filter(({ replies: [{ scores }] }) => scores[0] === 1).length / 400;
    expect(right).toBeGreaterThan(0.4);
    expect(right).toBeLessThan(0.6);
    const held = new Set(one.test.map(({ convo: [{ content }] }) => content));
    expect(one.train.filter(({ convo: [{ content }] }) => held.has(content))).toEqual([]);
  });
});

it('expressions of a data set that would take for ever are given up', async () => {
  const row = {
    ...ROW,
    rubric_items: [{ rubric_str: 'x', extraction_regex: '^((a+)+)$', rule: { matches: '^(a+)+$' } }],
  };
  const reply = `${'a'.repeat(60)}b`;
  expect(() => readRubricRow({ ...row, replies: [{ reply }] })).toThrow(
    'rubric_items[0].rule.matches: takes too long on a reply of the row',
  );
  const { convo, rubric_items } = readRubricRow(row);
  const judge = await modelJudge(
    { min_score: 0, max_score: 1, temperature: 0, retries: 0 },
    {
      judge: {
        complete: async () => ({
          message: { role: 'assistant', content: reply },
          termination: 'stop_sequence',
          stop_reason: 'stop',
          usage: { prompt_tokens: 1, completion_tokens: 1 },
        }),
      },
      seed: 0,
      warn: () => undefined,
    },
  );
  const completion = { prompt_conversation: convo, completion: [] };
  expect(await judge.score(rubric_items[0], completion)).toBeNull();
});
