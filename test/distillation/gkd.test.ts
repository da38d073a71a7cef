// The trainer `gkd` on a real engine.

import { beforeAll, describe, expect, it } from 'vitest';
import { Bench } from './support.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.open(`
trainer: gkd
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: demonstration_file, file_path: data.jsonl, batch_size: 8, test_size: 8}
teacher: {load_checkpoint_path: {run: teacher, checkpoint: final}}
max_new_tokens: 10
learning_rate: 0.01
num_epochs: 2
lora_rank: 8
eval_every: 4
save_every: 3
`);
});

describe('gkd', () => {
  it.each([
    ['mixed', []],
    ['forward', ['lmbda=0', 'beta=0']],
    ['reverse', ['lmbda=0', 'beta=1']],
    ['seq_kd', ['lmbda=0', 'seq_kd=true']],
    ['on_policy', ['lmbda=1']],
  ])('%s comes nearer to the teacher', async (name, overrides) => {
    const { status } = await bench.run(name, overrides);
    expect(status.state).toBe('done');
    const rows = await bench.rows(name);
    expect(rows.at(-1)?.['test/gkd_loss']).toBeLessThan(0.8 * (rows[0]?.['test/gkd_loss'] ?? 0));
  });

  it('learns from replies of the student in so many steps', async () => {
    const share = async (name: string) => {
      const steps = (await bench.rows(name)).flatMap((row) => (row.on_policy === undefined ? [] : [row.on_policy]));
      return steps.reduce((sum, value) => sum + value, 0) / steps.length;
    };
    expect(await share('forward')).toBe(0);
    expect(await share('on_policy')).toBe(1);
    expect(await share('mixed')).toBeGreaterThan(0);
    expect(await share('mixed')).toBeLessThan(1);
  });

  it('goes on after a stop as if there had been none', async () => {
    await bench.runInTwo('stopped', 4);
    expect(await bench.rows('stopped')).toEqual(await bench.rows('mixed'));
    expect(await bench.weights('stopped')).toBe(await bench.weights('mixed'));
  });

  it('forward along the data is off-policy distillation up to what the teacher leaves out', async () => {
    const [first] = await bench.rows('forward');
    expect(first?.gkd_loss).toBeGreaterThan(0);
    expect(first?.num_sequences).toBe(8);
  });

  it.each([
    [['lmbda=1.5'], 'lmbda'],
    [['beta=-0.1'], 'beta'],
    [['temperature=0'], 'temperature'],
  ])('%j is refused before there is a run', async (overrides, message) => {
    await expect(bench.run('refused', overrides)).rejects.toThrow(message);
  });
});
