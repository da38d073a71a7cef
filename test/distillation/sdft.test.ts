// The trainer `sdft` on a real engine.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { teacherPrompt, templateProblem } from '../../src/distillation/teacher_prompt.ts';
import { Bench } from './support.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.open(`
trainer: sdft
model_name: ./model
service: {builder: local, threads: 1}
load_checkpoint_path: {run: teacher, checkpoint: final}
dataset: {builder: demonstration_file, file_path: data.jsonl, batch_size: 8, test_size: 8}
teacher_template: '{demonstration} {question}'
skip_first_n_tokens: 1
max_tokens: 12
learning_rate: 0.005
max_steps: 4
eval_every: 2
save_every: 2
`);
  await bench.run('plain');
});

describe('sdft', () => {
  it('rows have the names of the Python cookbook', async () => {
    const [row] = await bench.rows('plain');
    expect(Object.keys(row ?? {}).sort()).toMatchInlineSnapshot(`
      [
        "epoch",
        "grad_norm",
        "learning_rate",
        "num_loss_tokens",
        "num_tokens",
        "progress",
        "sdft/kl",
        "sdft/loss",
        "sdft/mean_teacher_entropy",
        "sdft/num_datums",
        "sdft/teacher_truncated_count",
        "sdft/topk",
        "sdft/total_completion_tokens",
        "step",
        "test/bpb",
        "test/nll",
      ]
    `);
  });

  it('learns from the tokens of each reply behind the first', async () => {
    for (const row of (await bench.rows('plain')).slice(0, -1)) {
      // A reply of a single token has none behind the first.
      expect(row['sdft/num_datums']).toBeGreaterThan(4);
      expect(row.num_loss_tokens).toBe((row['sdft/total_completion_tokens'] ?? 0) - 8);
      expect(row['sdft/kl']).toBeGreaterThan(0);
    }
  });

  it('comes nearer to what the teacher says', async () => {
    await bench.run('longer', [
      'skip_first_n_tokens=0',
      'max_steps=16',
      'num_epochs=4',
      'temperature=0.2',
      'lr_schedule=constant',
    ]);
    const kl = (await bench.rows('longer')).flatMap((row) => (row['sdft/kl'] === undefined ? [] : [row['sdft/kl']]));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(kl.slice(-4))).toBeLessThan(mean(kl.slice(0, 4)) / 2);
  });

  it.each([[[]], [['reverse=true']], [['teacher_sync_every=1']], [['teacher_sync_every=3', 'save_every=1']]])(
    'with %j it goes on after a stop as if there had been none',
    async (overrides) => {
      const name = `${overrides.join('_')}`.replace(/[^a-z0-9_]/g, '_');
      await bench.run(`whole_${name}`, overrides);
      await bench.runInTwo(`stopped_${name}`, 1, overrides);
      await bench.runInTwo(`late_${name}`, 2, overrides);
      for (const run of ['stopped', 'late']) {
        expect(await bench.rows(`${run}_${name}`)).toEqual(await bench.rows(`whole_${name}`));
        expect(await bench.weights(`${run}_${name}`)).toBe(await bench.weights(`whole_${name}`));
      }
    },
  );

  it('a teacher that is the student of now and then learns something else than one that stays', async () => {
    expect(await bench.weights('whole_teacher_sync_every_1')).not.toBe(await bench.weights('plain'));
  });

  it('a checkpoint that is saved before the teacher is asked again has the teacher of the one before', async () => {
    const stopping = 'early_stopping={metric: test/nll, goal: maximize, patience: 100}';
    const overrides = ['teacher_sync_every=1', 'eval_every=3', 'save_every=100', stopping];
    await bench.runInTwo('best', 2, overrides);
    const records = (await bench.text('best/checkpoints.jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const best = records.find(({ name }) => name === 'best-000003');
    expect(best?.state.teacher_paths).toEqual([expect.stringContaining('teacher_000002')]);
  });

  it('weights of a teacher that nothing goes on with are not kept', async () => {
    const saved = await readdir(bench.path('whole_teacher_sync_every_1/checkpoints/sampler_weights'));
    expect(saved.filter((name) => name.startsWith('teacher_')).length).toBeLessThanOrEqual(2);
  });

  it('reverse reports the divergence of student and teacher', async () => {
    const [row] = await bench.rows('whole_reverse_true');
    expect(row?.['sdft/reverse_kl_loss']).toBeCloseTo(
      (row?.['sdft/reverse_kl_mean'] ?? 0) * (row?.['sdft/reverse_kl_positions'] ?? 0),
      4,
    );
    expect(row?.['sdft/student_entropy_mean']).toBeGreaterThan(0);
  });

  it('length_normalized counts every reply alike', async () => {
    await bench.run('normalized', ['length_normalized=true', 'reverse=true', 'max_steps=1']);
    const [row] = await bench.rows('normalized');
    const [plain] = await bench.rows('whole_reverse_true');
    expect(row?.['sdft/reverse_kl_mean']).toBeCloseTo(plain?.['sdft/reverse_kl_mean'] ?? 0, 9);
    expect(row?.['sdft/reverse_kl_loss']).toBeLessThan(plain?.['sdft/reverse_kl_loss'] ?? 0);
  });

  it('a step in which there is nothing to learn is told of and changes nothing', async () => {
    const warnings: string[] = [];
    await bench.run('nothing', ['skip_first_n_tokens=100', 'max_steps=2'], {
      onEvent: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(warnings).toEqual(['step 0: no reply has a token to train behind the first 100 (skip_first_n_tokens)']);
    const rows = await bench.rows('nothing');
    expect(rows).toMatchObject([{ 'sdft/num_datums': 0 }, {}, {}]);
    for (const row of rows) {
      expect(row).not.toHaveProperty('sdft/loss');
      expect(row).not.toHaveProperty('grad_norm');
    }
    expect(new Set(rows.flatMap((row) => row['test/nll'] ?? [])).size).toBe(1);
  });

  it('counts replies that the teacher has no room for', async () => {
    await bench.run('long', [`teacher_template='{question} ${'x'.repeat(100)} {demonstration}'`, 'max_steps=1']);
    const [row] = await bench.rows('long');
    expect(row?.['sdft/teacher_truncated_count']).toBe(8);
  });
});

describe('what the teacher is asked', () => {
  it('is the question and the demonstration in the template, and all that was said before', () => {
    const prompt = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Why $& {demonstration}?' },
    ];
    const messages = teacherPrompt(
      { prompt, completion: { role: 'assistant', content: '$1 {question}' } },
      'Q {question} A {demonstration}.',
    );
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Q Why $& {demonstration}? A $1 {question}.' },
    ]);
  });

  it.each([
    ['{question}', 'no {demonstration}'],
    ['', 'no {question} and no {demonstration}'],
  ])('a template %j is refused', async (template, message) => {
    expect(templateProblem(template)).toContain(message);
    await expect(bench.run('refused', [`teacher_template=${JSON.stringify(template)}`])).rejects.toThrow(message);
  });
});

describe('rows that demonstrate nothing', () => {
  it.each([
    [
      { messages: [{ role: 'user', content: 'a' }] },
      'ends with user, and not with a reply that demonstrates something',
    ],
    [{ messages: [{ role: 'assistant', content: 'a' }] }, 'follows nothing, and not a question of the user'],
    [
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: ' ' },
        ],
      },
      'the last reply must be text',
    ],
    [{ prompt: 'a' }, 'the row has no "messages"'],
    ['{"messages": [', 'JSON'],
  ])('%j', async (row, message) => {
    const good = (await readFile(bench.path('data.jsonl'), 'utf8')).split('\n')[0];
    const text = typeof row === 'string' ? row : JSON.stringify(row);
    await writeFile(bench.path('bad.jsonl'), `${good}\n${text}\n`);
    const { status } = await bench.run(`bad_${message.length}`, ['dataset.file_path=bad.jsonl', 'dataset.test_size=0']);
    expect(status.error?.message).toMatch(/bad\.jsonl:2: /);
    expect(status.error?.message).toContain(message);
  });
});
