// Comparisons as prompts that are answered with a label.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { labelPrompts } from '../../../src/preference/labels/comparison_prompt.ts';
import { accuracyMetrics } from '../../../src/preference/labels/label_accuracy.ts';
import { reference } from '../../../src/registry/slot.ts';
import { rendererSlot } from '../../../src/renderers/types.ts';
import { datasetSlot, type SupervisedDataset } from '../../../src/supervised/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import type { JsonValue } from '../../../src/util/json.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { tinyTokenizer } from '../../support/tiny_tokenizer.ts';

const said = (role: string, content: string) => ({ role, content });
const comparison = {
  prompt_conversation: [said('user', 'hello?')],
  completion_A: [said('assistant', 'world')],
  completion_B: [said('assistant', 'or')],
};

async function materials(builder = 'chat_template') {
  const tokenizer = await tinyTokenizer();
  const renderer = await builtinRegistry().build(rendererSlot, { builder }, { tokenizer });
  return { tokenizer, renderer };
}

it('the label answers the conversation of the Python cookbook, by one token', async () => {
  const { tokenizer, renderer } = await materials('role_colon');
  const { tokens, labels } = labelPrompts(renderer)(comparison);
  expect(tokenizer.decode(tokens)).toMatchInlineSnapshot(`
    "User: hello?

    System: ==== Completion A ====

    Assistant: world

    System: ==== Completion B ====

    Assistant: or

    System: ==== Preference ====

    Assistant: "
  `);
  expect(Object.values(labels).map((token) => tokenizer.decode([token]).trim())).toEqual(['A', 'B', 'T']);
});

/** The datasets of a file of comparisons, and its renderer's tokenizer. */
async function datasetsOf(params: { builder: string; [field: string]: JsonValue }, rows: object[]) {
  const file = join(await temporaryDirectory(), 'rows.jsonl');
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { tokenizer, renderer } = await materials();
  const warnings: string[] = [];
  const ref = reference(datasetSlot, { file_path: file, batch_size: 64, ...params });
  const context = {
    tokenizer,
    renderer,
    maxContextLength: 512,
    seed: 0,
    warn: (message: string) => warnings.push(message),
  };
  return { ...(await builtinRegistry().build(datasetSlot, ref, context)), tokenizer, warnings };
}

/** What is shown first, what the label is and what it weighs; nothing else weighs anything. */
async function examplesOf(params: { [field: string]: JsonValue }, rows: object[]) {
  const { train, test, tokenizer, warnings } = await datasetsOf({ builder: 'comparison_labels', ...params }, rows);
  const shown = async (part: SupervisedDataset | null) =>
    (await (part?.getBatch(0) ?? [])).map(({ model_input, loss_fn_inputs: { target_tokens, weights } }) => {
      const last = weights.data.length - 1;
      expect(Array.from(weights.data).findIndex((weight) => weight !== 0)).toBe(last);
      const text = tokenizer.decode(tokensOf(model_input));
      const first = text.indexOf('world') < text.indexOf('or<|') ? 'world' : 'or';
      return { first, label: tokenizer.decode([target_tokens.data[last]]), weight: weights.data[last] };
    });
  return { train: await shown(train), test: await shown(test), warnings };
}

const ROWS = Array.from({ length: 40 }, (_, i) => ({
  comparison: { ...comparison, prompt_conversation: [said('user', `hello ${i}?`)] },
  label: 'A',
}));

it('each comparison is shown in one order, drawn by the seed, and the label goes with the order', async () => {
  const { train } = await examplesOf({}, ROWS);
  expect(train).toHaveLength(40);
  for (const { first, label } of train) expect(label).toBe(first === 'world' ? 'A' : 'B');
  const swapped = train.filter(({ label }) => label === 'B').length;
  expect(swapped).toBeGreaterThan(8);
  expect(swapped).toBeLessThan(32);
  expect((await examplesOf({}, ROWS)).train).toEqual(train);
});

it('swap shows each in both orders; what is held out always is', async () => {
  const { train, test } = await examplesOf({ swap: true, test_size: 10 }, ROWS);
  expect([train.length, test.length]).toEqual([60, 20]);
  for (const part of [train, test]) expect(part.filter(({ label }) => label === 'A')).toHaveLength(part.length / 2);
});

it('a tie has a label of its own, or is both labels by half', async () => {
  const rows = ROWS.slice(0, 2).map((row) => ({ ...row, label: 'Tie' }));
  const asLabel = await examplesOf({}, rows);
  expect(asLabel.train.map(({ label, weight }) => [label, weight])).toEqual([
    ['T', 1],
    ['T', 1],
  ]);
  const { train } = await examplesOf({ ties: 'half' }, rows);
  expect(train.map(({ label, weight }) => `${label} ${weight}`).sort()).toEqual(['A 0.5', 'A 0.5', 'B 0.5', 'B 0.5']);
});

it('comparisons that are too long are left out and counted', async () => {
  const long = { comparison: { ...comparison, completion_B: [said('assistant', 'or '.repeat(300))] }, label: 'B' };
  const { train, warnings } = await examplesOf({}, [long, ...ROWS]);
  expect(train).toHaveLength(40);
  expect(warnings.join()).toContain('1 of 41 comparisons left out, longer than max_length 512 (line 1)');
  await expect(examplesOf({ max_length: 20 }, ROWS)).rejects.toThrow('no comparison is left that fits into max_length');
});

it('completions of the same rows are replies to imitate: both, or one of them', async () => {
  const replies = async (completions: string) => {
    const params = { builder: 'comparison_completions', completions, shuffle_seed: null };
    const { train, tokenizer } = await datasetsOf(params, ROWS.slice(0, 2));
    return (await train.getBatch(0)).map(({ loss_fn_inputs: { target_tokens, weights } }) => {
      const said = Array.from(target_tokens.data).filter((_, t) => weights.data[t] > 0);
      return tokenizer.decode(said).replace('<|im_end|>', '').trim();
    });
  };
  expect(await replies('both')).toEqual(['world', 'or', 'world', 'or']);
  expect(await replies('chosen')).toEqual(['world', 'world']);
  expect(await replies('rejected')).toEqual(['or', 'or']);
});

it('accuracy, by hand: in both orders, of what is decided', () => {
  const judged = [
    // Right in both orders.
    { labeled: 1, ruled: 1, forB: [0.9, 0.7] as const },
    // Says B whatever comes second: right in one order.
    { labeled: -1, ruled: 1, forB: [0.8, 0.4] as const },
    // A tie, for which the rule has an opinion.
    { labeled: 0, ruled: -1, forB: [0.2, 0.3] as const },
    { labeled: -1, ruled: null, forB: [0.5, 0.25] as const },
  ];
  const metrics = accuracyMetrics(judged);
  // Orders: 2 of 2, 1 of 2 and 1.5 of 2.
  expect(metrics['test/accuracy']).toBeCloseTo(4.5 / 6, 12);
  expect(metrics['test/accuracy_both_orders']).toBeCloseTo(1 / 3, 12);
  expect(metrics['test/label_probability']).toBeCloseTo((0.9 + 0.7 + 0.2 + 0.6 + 0.5 + 0.75) / 6, 12);
  expect(metrics['test/order_consistency']).toBeCloseTo(3 / 4, 12);
  // The rule: 2 of 2, 1 of 2, 2 of 2.
  expect(metrics['test/rule_accuracy']).toBeCloseTo(5 / 6, 12);
  expect(accuracyMetrics([])).toEqual({});
});
