// What the distillation trainers measure beside their own losses: what datasets bring, and judges that are other models.

import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { comparisonLines } from '../support/comparisons.ts';
import { Bench } from './support.ts';

let bench: Bench;

const TRAINED = `
model_name: ./model
service: {builder: local, threads: 1}
learning_rate: 0.01
lora_rank: 4
max_steps: 1
eval_every: 1
save_every: 0
`;
const SPECS = {
  off_policy_distillation:
    'dataset_configs: [{dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 8}, teacher: {}}]',
  gkd: 'dataset: {builder: demonstration_file, file_path: data.jsonl, batch_size: 4}\nteacher: {}\nmax_new_tokens: 6',
  sdft: 'dataset: {builder: demonstration_file, file_path: data.jsonl, batch_size: 4}\nmax_tokens: 6',
};
const LABELS = '{builder: comparison_labels, file_path: pairs.jsonl, batch_size: 8, test_size: 4, swap: true}';

beforeAll(async () => {
  bench = await Bench.open('', { contextLength: 256 });
  await writeFile(bench.path('pairs.jsonl'), comparisonLines(24));
  for (const [trainer, own] of Object.entries(SPECS))
    await writeFile(bench.path(`${trainer}.yaml`), `trainer: ${trainer}\n${own}\n${TRAINED}`);
  await bench.run('rm', [`dataset=${LABELS}`, 'num_epochs=6'], { spec: 'teacher.yaml' });
});

describe.each(Object.keys(SPECS))('%s', (trainer) => {
  const comparison = (judge: string) =>
    `{builder: comparison, file_path: pairs.jsonl, test_size: 4, max_tokens: 6, judges: [{name: judge, preference_model: ${judge}}]}`;

  it('measures by a judge that is another model', async () => {
    const judge = '{builder: trained, weights: {run: rm, checkpoint: final}}';
    const { status } = await bench.run(`${trainer}_judged`, [`evaluators=[${comparison(judge)}]`], {
      spec: `${trainer}.yaml`,
    });
    expect(status.error).toBeNull();
    const [first] = await bench.rows(`${trainer}_judged`);
    expect(first).toMatchObject({ 'comparison/judge/n': 4 });
  });

  it('two evaluators of one name are refused', async () => {
    const twice = `[${comparison('longer')}, ${comparison('shorter')}]`;
    const { status } = await bench.run(`${trainer}_twice`, [`evaluators=${twice}`], { spec: `${trainer}.yaml` });
    expect(status.error?.message).toContain('two evaluators are called comparison');
  });
});

describe('what a dataset brings to measure its held-out part', () => {
  const run = async (name: string, configs: string) => {
    const { status, record } = await bench.run(name, [`dataset_configs=${configs}`], {
      spec: 'off_policy_distillation.yaml',
    });
    expect(status.error).toBeNull();
    return { rows: await bench.rows(name), headline: record.headline?.map(({ metric }) => metric) };
  };

  it('is measured in off-policy distillation', async () => {
    const { rows, headline } = await run(
      'labels',
      `[{dataset: ${LABELS}, teacher: {load_checkpoint_path: {run: rm}}}]`,
    );
    expect(rows[0]?.['test/accuracy']).toBeTypeOf('number');
    expect(rows.at(-1)?.['test/accuracy']).toBeTypeOf('number');
    expect(headline).toEqual(['test/kl', 'test/accuracy', 'train/kl']);
  });

  it('is told of each dataset where there are several', async () => {
    const plain = '{builder: conversation_file, file_path: data.jsonl, batch_size: 8}';
    const datasets = [LABELS, plain, LABELS];
    const { rows, headline } = await run(
      'several',
      `[${datasets.map((dataset) => `{dataset: ${dataset}, teacher: {}}`).join(', ')}]`,
    );
    expect(rows[0]?.['test/accuracy/dataset_0']).toBeTypeOf('number');
    expect(rows[0]?.['test/accuracy/dataset_2']).toBe(rows[0]?.['test/accuracy/dataset_0']);
    expect(rows[0]).not.toHaveProperty('test/accuracy');
    expect(headline).toEqual(['test/kl', 'test/accuracy/dataset_0', 'test/accuracy/dataset_2', 'train/kl']);
  });
});
