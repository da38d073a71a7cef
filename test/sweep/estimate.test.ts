// What a plan says that runs cost, held against what these runs then report.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { estimatePlan } from '../../src/sweep/estimate.ts';
import { planRun, planSweep } from '../../src/sweep/plan.ts';
import { planDocument, summarize } from '../../src/sweep/plan_summary.ts';
import { planText } from '../../src/sweep/plan_text.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { openServer } from '../support/tinker_server.ts';

let directory: string;

const PRICES = '{model: {prefill: 0.13, cached_prefill: 0.05, sample: 0.4, train: 1.1}}';
const PRICED = `service: {builder: local, threads: 1, prices: ${PRICES}}`;

const SUPERVISED = `
trainer: supervised
model_name: ./model
dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4, test_size: 6}
num_epochs: 2
lora_rank: 4
eval_every: 3
log_path: run
`;

const DPO = `
trainer: dpo
model_name: ./model
dataset: {builder: comparison_file, file_path: ./pairs.jsonl, batch_size: 4, test_size: 4}
num_epochs: 2
lora_rank: 4
eval_every: 2
log_path: run
${PRICED}
`;

const RL = `
trainer: rl
model_name: ./model
dataset: {builder: arithmetic, batch_size: 4, group_size: 3, n_batches: 3, max_operand: 9, example: false, test_size: 2}
max_tokens: 5
lora_rank: 4
eval_every: 2
log_path: run
${PRICED}
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-estimate-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'data.jsonl'), conversationLines(27));
  const said = (content: string) => [{ role: 'assistant', content }];
  const pairs = Array.from({ length: 18 }, (_, i) => {
    const prompt_conversation = [{ role: 'user', content: `hello ${i % 7}?` }];
    const comparison = { prompt_conversation, completion_A: said(`or ${i % 3}`), completion_B: said('he world') };
    return JSON.stringify({ comparison, label: 'A' });
  });
  await writeFile(join(directory, 'pairs.jsonl'), pairs.join('\n'));
  await writeFile(
    join(directory, 'text.txt'),
    Array.from({ length: 12 }, (_, i) => 'hello world or hello there. '.repeat(3 + i)).join('\n<|endoftext|>\n'),
  );
});

beforeEach(async () => {
  await rm(join(directory, 'run'), { recursive: true, force: true });
});

const options = (overrides: readonly string[]) => ({ overrides, cwd: directory, env: {} });

async function estimated(spec: string, overrides: readonly string[] = []) {
  const file = join(directory, 'spec.yaml');
  await writeFile(file, spec);
  const plan = await planRun(file, options(overrides), builtinRegistry());
  const estimates = await estimatePlan(plan, builtinRegistry());
  const summary = summarize(plan, 1, estimates);
  const document = planDocument(plan, summary, estimates);
  return { document, text: textOf(planText(plan, summary, createColors(false), { width: 80, estimates })) };
}

const textOf = (lines: readonly string[]) => `\n${lines.join('\n').replaceAll(directory, 'DIR')}\n`;

/** What the last row says was spent. */
async function spent(overrides: readonly string[] = []): Promise<Record<string, number>> {
  const { status } = await runFile(join(directory, 'spec.yaml'), {
    ...options(overrides),
    registry: builtinRegistry(),
    argv: [],
    ask: null,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
  expect(status).toMatchObject({ state: 'done', error: null });
  const rows = (await readFile(join(directory, 'run/metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  const row: Record<string, number> = JSON.parse(rows.at(-1) ?? '{}');
  return Object.fromEntries(Object.entries(row).filter(([name]) => /^(cost|tokens\/billed)\//.test(name)));
}

it.each([
  ['over all epochs', []],
  ['up to max_steps', ['max_steps=5']],
  ['with nothing measured', ['eval_every=0']],
  ['in batches of tokens', ['dataset.batch_size=null', 'dataset.batch_tokens=150']],
  ['of texts that are cut', ['dataset.max_length=40']],
  [
    'of plain text',
    ['dataset={builder: text_file, file_path: ./text.txt, max_length: 16, batch_size: 3, test_fraction: 0.5}'],
  ],
])('a supervised run costs what its plan says, %s', async (_, overrides) => {
  const { document } = await estimated(SUPERVISED + PRICED, overrides);
  const { estimate } = document.points[0] ?? {};
  expect(estimate).toEqual({ metrics: await spent(overrides), at_most: false, without: [] });
  expect(document.estimate).toMatchObject({ runs: 1, unknown: 0, at_most: false });
});

it('a run on a server costs what its plan says', async () => {
  const server = await openServer({ models: { model: join(directory, 'model') } });
  const spec = `${SUPERVISED}service: {builder: tinker, base_url: '${server.url}', prices: ${PRICES}}`;
  const { document } = await estimated(spec);
  expect(document.points[0]?.estimate).toEqual({ metrics: await spent(), at_most: false, without: [] });
});

it('evaluators that sample make it a bound, and those that nobody knows of are named', async () => {
  const overrides = ['evaluators=[{builder: nll}, {builder: exact_match}]', 'max_steps=2'];
  const { document } = await estimated(SUPERVISED + PRICED, overrides);
  const { estimate } = document.points[0] ?? {};
  if (estimate === undefined || 'unknown' in estimate) throw new Error('nothing was estimated');
  expect(estimate).toMatchObject({ at_most: true, without: [] });
  const row = await spent(overrides);
  expect(row['tokens/billed/train']).toBe(estimate.metrics['tokens/billed/train']);
  expect(row['tokens/billed/sample']).toBeGreaterThan(0);
  expectBound(row, estimate.metrics);
});

it('a run that learns from comparisons, and its reference, cost what its plan says', async () => {
  const { document } = await estimated(DPO);
  expect(document.points[0]?.estimate).toEqual({ metrics: await spent(), at_most: true, without: [] });
});

it.each([
  ['', []],
  ['with a reference and a custom loss', ['kl_penalty_coef=0.1', 'compute_post_kl=true', 'loss_fn=dr_grpo']],
  ['that samples groups again', ['resample_constant_groups=2']],
  ['that rolls out while it trains', ['async_config={max_steps_off_policy: 1, groups_per_batch: 3}']],
])('a run of RL costs no more than its plan says %s', async (_, overrides) => {
  const { document } = await estimated(RL, overrides);
  const { estimate } = document.points[0] ?? {};
  if (estimate === undefined || 'unknown' in estimate) throw new Error(`nothing was estimated: ${estimate?.unknown}`);
  expect(estimate).toMatchObject({ at_most: true, without: ['episodes that fail and are tried again'] });
  const row = await spent(overrides);
  expect(row['tokens/billed/sample']).toBeGreaterThan(0);
  expectBound(row, estimate.metrics);
});

/** Tokens from a cache are none that were read, and never more than those. */
function expectBound(row: Record<string, number>, bound: Record<string, number>): void {
  const read = (metrics: Record<string, number>) =>
    metrics['tokens/billed/prefill'] + metrics['tokens/billed/cached_prefill'];
  expect(read(row)).toBeLessThanOrEqual(read(bound));
  for (const name of ['tokens/billed/sample', 'tokens/billed/train', 'cost/total'])
    expect([name, row[name] <= bound[name]]).toEqual([name, true]);
}

it('is told of each run and of all, for people', async () => {
  const sweep = 'base: spec.yaml\nlog_path: runs\ngrid: {lora_rank: [2, 4]}\nseeds: 2';
  await writeFile(join(directory, 'spec.yaml'), SUPERVISED.replace('log_path: run\n', '') + PRICED);
  await writeFile(join(directory, 'sweep.yaml'), sweep);
  const plan = await planSweep(join(directory, 'sweep.yaml'), options(['max_steps=1']), builtinRegistry());
  const estimates = await estimatePlan(plan, builtinRegistry());
  const text = textOf(planText(plan, summarize(plan, 1, estimates), createColors(false), { width: 80, estimates }));
  expect(await readdir(directory)).not.toContain('runs');
  expect(text).toMatchInlineSnapshot(`
    "
    2 lora_rank × 2 seeds = 4 runs in DIR/runs

      4 new  not started

      4 steps
      cost $0.000654 in all: 442 tokens trained on, 1,288 tokens read

      new      lora_rank=2,seed=0-33685073f5c1
               cost $0.000165: 112 tokens trained on, 322 tokens read
      new      lora_rank=2,seed=1-6dbbad80eb55
               cost $0.000162: 109 tokens trained on, 322 tokens read
      new      lora_rank=4,seed=0-f3c7fc6676bb
               cost $0.000165: 112 tokens trained on, 322 tokens read
      new      lora_rank=4,seed=1-6315fe96c91e
               cost $0.000162: 109 tokens trained on, 322 tokens read
    "
  `);
});

it('says why where nobody knows, in the words of the run where its data are bad', async () => {
  await writeFile(join(directory, 'bad.jsonl'), '{"messages": 3}\n');
  const bad = await estimated(SUPERVISED + PRICED, ['dataset.file_path=bad.jsonl', 'dataset.test_size=0']);
  expect(bad.text).toMatchInlineSnapshot(`
    "
    1 run in DIR/run

      1 new  not started

      new      run
               cost unknown: DIR/bad.jsonl:1: messages:
                 must be a list of at least one message, not the number 3
    "
  `);
  const slLoop = `trainer: sl_loop\nmodel_name: ./model\nfile_path: ./data.jsonl\nlog_path: run\n${PRICED}`;
  const loop = await estimated(slLoop);
  expect(loop.document.points[0]?.estimate).toEqual({ unknown: 'only a run tells what the trainer sl_loop takes' });
  expect(loop.document.estimate).toEqual({ metrics: {}, at_most: false, runs: 0, unknown: 1 });
});

it('says so of environments that may go on, and of judges', async () => {
  const { text } = await estimated(RL, ['dataset={builder: guess_number, batch_size: 2, group_size: 2}']);
  expect(text).toContain('cost unknown: how long episodes are shows when they are played');
});

it('knows of a stage that starts from one which has yet to run', async () => {
  const stage = (more: string) => `{${SUPERVISED.trim().split('\n').slice(0, -1).join(', ')}, max_steps: 2${more}}`;
  const stages = `  first: ${stage('')}\n  second: ${stage(', load_checkpoint_path: {stage: first}')}`;
  const { document } = await estimated(`log_path: run\n${PRICED}\nstages:\n${stages}\n`);
  const [first, second] = document.points.map(({ estimate }) => estimate);
  expect(first).toHaveProperty('metrics');
  expect(second).toEqual(first);
});

it('has no cost where a model has no price, and says nothing where none was asked for', async () => {
  const unpriced = `${SUPERVISED}service: {builder: local, threads: 1, prices: {other: {prefill: 1, sample: 1, train: 1}}}`;
  const { document, text } = await estimated(unpriced, ['max_steps=1']);
  expect(Object.keys(document.estimate?.metrics ?? {}).filter((name) => name.startsWith('cost/'))).toEqual([]);
  expect(text).toMatchInlineSnapshot(`
    "
    1 run in DIR/run

      1 new  not started

      1 step

      new      run
               cost unknown, for want of a price: 112 tokens trained on, 322 tokens
                 read
    "
  `);
  const without = await estimated(`${SUPERVISED}service: {builder: local, threads: 1}`);
  expect(without.document).not.toHaveProperty('estimate');
  expect(without.document.points[0]).not.toHaveProperty('estimate');
});

it('nothing is asked of runs that are done', async () => {
  await estimated(SUPERVISED + PRICED, ['max_steps=1']);
  await spent(['max_steps=1']);
  const { document } = await estimated(SUPERVISED + PRICED, ['max_steps=1']);
  expect(document.points).toMatchObject([{ state: 'done' }]);
  expect(document.points[0]).not.toHaveProperty('estimate');
});
