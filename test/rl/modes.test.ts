// The three modes of RL on a real engine, in environments whose steps take random time.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { begun, evenTokens, hooks } from './support/token_envs.ts';

let directory: string;

const SPEC = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1, batch_invariant: true}
dataset: {builder: even_tokens}
max_tokens: 6
learning_rate: 0.02
lora_rank: 4
save_every: 2
eval_every: 2
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-rl-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

beforeEach(() => {
  begun.length = 0;
  hooks.begin = () => undefined;
});

interface Options {
  onEvent?(event: RunEvent): void;
  signal?: AbortSignal;
}

async function run(name: string, overrides: string[] = [], { onEvent = () => undefined, signal }: Options = {}) {
  const registry = builtinRegistry();
  registry.add(evenTokens);
  return await runFile(join(directory, 'spec.yaml'), {
    registry,
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent,
    signal: signal ?? new AbortController().signal,
  });
}

interface Row {
  step: number;
  [metric: string]: unknown;
}

/** The rows of metrics.jsonl without what a clock decides. */
async function rows(name: string): Promise<Row[]> {
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value)));
}

const weights = (name: string, checkpoint = 'final') =>
  readFile(join(directory, name, 'checkpoints/weights', checkpoint, 'adapter_model.safetensors'), 'base64');

/** A run that is asked to stop at a step, and then goes on to its end. */
async function interruptedRun(name: string, overrides: string[], at: number) {
  const stop = new AbortController();
  const onEvent = (event: RunEvent) => {
    if (event.type === 'step' && event.step === at) stop.abort();
  };
  const first = await run(name, overrides, { onEvent, signal: stop.signal });
  expect(first.status.state).toBe('interrupted');
  return await run(name, overrides);
}

const MODES = {
  sync: [],
  stream: ['stream_minibatch_config={groups_per_batch: 4, num_minibatches: 2}'],
  'async on-policy': ['async_config={max_steps_off_policy: 0, groups_per_batch: 4}'],
};

describe.each(Object.entries(MODES))('%s', (mode, overrides) => {
  const name = mode.replaceAll(' ', '_');

  it('gives the same bytes with the same seed, however long steps take', async () => {
    const first = await run(`${name}_1`, ['dataset.test=true', ...overrides]);
    expect(first.status.state).toBe('done');
    await run(`${name}_2`, ['dataset.test=true', ...overrides]);
    expect(await rows(`${name}_2`)).toEqual(await rows(`${name}_1`));
    expect(await weights(`${name}_2`)).toBe(await weights(`${name}_1`));
  });

  it('goes on after a stop as if there had been none', async () => {
    const { status } = await interruptedRun(`${name}_stopped`, ['dataset.test=true', ...overrides], 1);
    expect(status.state).toBe('done');
    expect(await rows(`${name}_stopped`)).toEqual(await rows(`${name}_1`));
    expect(await weights(`${name}_stopped`)).toBe(await weights(`${name}_1`));
  });
});

describe('checkpoints', () => {
  it('come by trained tokens, too', async () => {
    await run('by_tokens', ['save_every=0', 'save_every_tokens=1', 'eval_every=0', 'max_steps=2']);
    const lines = (await readFile(join(directory, 'by_tokens', 'checkpoints.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(['000001', 'final']);
  });
});

it('tests with a temperature of its own, and trains as if it had none', async () => {
  const overrides = ['dataset.test=true', 'max_steps=1'];
  await run('tested_as_trained', overrides);
  await run('tested_greedily', [...overrides, 'test_temperature=0']);
  const [asTrained] = await rows('tested_as_trained');
  const [greedily] = await rows('tested_greedily');
  const mixed = 'test/env/all/by_group/frac_mixed';
  expect(asTrained[mixed]).toBeGreaterThan(0);
  expect(greedily[mixed]).toBe(0);
  expect(greedily['env/all/even']).toBe(asTrained['env/all/even']);
  expect(await weights('tested_greedily')).toBe(await weights('tested_as_trained'));
});

describe('rows', () => {
  it('say how far the run is by one pair of names, that of the last evaluation too', async () => {
    await run('tested', ['dataset.test=true', 'max_steps=2']);
    const all = await rows('tested');
    expect('test/env/all/reward/total' in (all[2] ?? {})).toBe(true);
    expect(all.map((row) => Object.entries(row).filter(([name]) => name.startsWith('progress')))).toEqual(
      [0.5, 1, 1].map((share, step) => [
        ['progress/batch', step],
        ['progress/done_frac', share],
      ]),
    );
  });

  it('have the names of the Python cookbook', async () => {
    const [first] = await rows('sync_1');
    expect(Object.keys(first)).toMatchInlineSnapshot(`
      [
        "step",
        "progress/batch",
        "progress/done_frac",
        "optim/lr",
        "env/even_groups/ac_tokens_per_turn",
        "env/even_groups/ob_tokens_per_turn",
        "env/even_groups/turns_per_episode",
        "env/even_groups/total_episodes",
        "env/even_groups/total_turns",
        "env/even_groups/total_ac_tokens",
        "env/even_groups/total_ob_tokens",
        "env/even_groups/total_cached_ob_tokens",
        "env/even_groups/reward/total",
        "env/even_groups/even",
        "env/even_groups/by_group/frac_mixed",
        "env/even_groups/by_group/frac_all_good",
        "env/even_groups/by_group/frac_all_bad",
        "env/odd_groups/ac_tokens_per_turn",
        "env/odd_groups/ob_tokens_per_turn",
        "env/odd_groups/turns_per_episode",
        "env/odd_groups/total_episodes",
        "env/odd_groups/total_turns",
        "env/odd_groups/total_ac_tokens",
        "env/odd_groups/total_ob_tokens",
        "env/odd_groups/total_cached_ob_tokens",
        "env/odd_groups/reward/total",
        "env/odd_groups/even",
        "env/odd_groups/by_group/frac_mixed",
        "env/odd_groups/by_group/frac_all_good",
        "env/odd_groups/by_group/frac_all_bad",
        "env/all/ac_tokens_per_turn",
        "env/all/ob_tokens_per_turn",
        "env/all/turns_per_episode",
        "env/all/total_episodes",
        "env/all/total_turns",
        "env/all/total_ac_tokens",
        "env/all/total_ob_tokens",
        "env/all/total_cached_ob_tokens",
        "env/all/reward/total",
        "env/all/even",
        "env/all/by_group/frac_mixed",
        "env/all/by_group/frac_all_good",
        "env/all/by_group/frac_all_bad",
        "loss:sum",
        "grad_norm",
        "optim/kl_sample_train_v1",
        "optim/kl_sample_train_v2",
        "optim/entropy",
        "tokens/sampled",
        "tokens/prefill_cached",
        "tokens/prefill_uncached",
        "tokens/trained",
        "tokens/cumulative/sampled",
        "tokens/cumulative/prefill_cached",
        "tokens/cumulative/prefill_uncached",
        "tokens/cumulative/trained",
        "test/env/even_groups/ac_tokens_per_turn",
        "test/env/even_groups/ob_tokens_per_turn",
        "test/env/even_groups/turns_per_episode",
        "test/env/even_groups/total_episodes",
        "test/env/even_groups/total_turns",
        "test/env/even_groups/total_ac_tokens",
        "test/env/even_groups/total_ob_tokens",
        "test/env/even_groups/total_cached_ob_tokens",
        "test/env/even_groups/reward/total",
        "test/env/even_groups/even",
        "test/env/even_groups/by_group/frac_mixed",
        "test/env/even_groups/by_group/frac_all_good",
        "test/env/even_groups/by_group/frac_all_bad",
        "test/env/odd_groups/ac_tokens_per_turn",
        "test/env/odd_groups/ob_tokens_per_turn",
        "test/env/odd_groups/turns_per_episode",
        "test/env/odd_groups/total_episodes",
        "test/env/odd_groups/total_turns",
        "test/env/odd_groups/total_ac_tokens",
        "test/env/odd_groups/total_ob_tokens",
        "test/env/odd_groups/total_cached_ob_tokens",
        "test/env/odd_groups/reward/total",
        "test/env/odd_groups/even",
        "test/env/odd_groups/by_group/frac_mixed",
        "test/env/odd_groups/by_group/frac_all_good",
        "test/env/odd_groups/by_group/frac_all_bad",
        "test/env/all/ac_tokens_per_turn",
        "test/env/all/ob_tokens_per_turn",
        "test/env/all/turns_per_episode",
        "test/env/all/total_episodes",
        "test/env/all/total_turns",
        "test/env/all/total_ac_tokens",
        "test/env/all/total_ob_tokens",
        "test/env/all/total_cached_ob_tokens",
        "test/env/all/reward/total",
        "test/env/all/even",
        "test/env/all/by_group/frac_mixed",
        "test/env/all/by_group/frac_all_good",
        "test/env/all/by_group/frac_all_bad",
      ]
    `);
    expect((await rows('sync_1')).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
  });

  it('tell that sampling and training agree about the policy', async () => {
    for (const row of (await rows('sync_1')).slice(0, 4)) {
      expect(Number(row['optim/kl_sample_train_v2'])).toBeLessThan(1e-9);
    }
  });
});

describe('modes', () => {
  it('agree: on-policy rollouts beside training give the bytes of those before it', async () => {
    expect(await weights('async_on-policy_1')).toBe(await weights('sync_1'));
  });

  it('agree up to rounding where a batch is trained on in parts, which are summed up in another order', async () => {
    const [sync, stream] = [await rows('sync_1'), await rows('stream_1')];
    expect(stream[0]['env/all/reward/total']).toBe(sync[0]['env/all/reward/total']);
    expect(Number(stream[0].grad_norm)).toBeCloseTo(Number(sync[0].grad_norm), 4);
  });

  it('agree to the byte where each datum is a microbatch of its own', async () => {
    const alone = ['service.microbatch_tokens=1', 'max_steps=2'];
    await run('sync_alone', alone);
    await run('stream_alone', [...MODES.stream, ...alone]);
    expect(await weights('stream_alone')).toBe(await weights('sync_alone'));
  });
});

describe('a stop between two updates of one step', () => {
  it.each([
    ['streaming', []],
    ['async', ['async_config={max_steps_off_policy: 0, groups_per_batch: 4}']],
  ])('waits for the end of the step, which is saved: %s', async (mode, inMode) => {
    const overrides = [
      'stream_minibatch_config={groups_per_batch: 4, num_minibatches: 1}',
      ...['num_substeps=4', 'max_concurrent_groups=1', 'max_steps=3', 'eval_every=0', 'save_every=0'],
      ...inMode,
    ];
    const name = `substeps_${mode}`;
    const stop = new AbortController();
    hooks.begin = (group) => {
      // The last group of the second step: the first ones of it have been trained on by then.
      if (group === 7) stop.abort();
    };
    const { status } = await run(name, overrides, { signal: stop.signal });
    expect(status).toMatchObject({ state: 'interrupted', step: 2 });
    const { executed } = await run(name, overrides);
    expect(executed).toBe(true);
    expect([...begun].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, group) => group));
    await run(`${name}_whole`, overrides);
    expect(await weights(name)).toBe(await weights(`${name}_whole`));
  });
});

const OFF_POLICY = {
  'off-policy': [],
  'off-policy, a batch in parts': [...MODES.stream, 'num_substeps=2'],
};

describe.each(Object.entries(OFF_POLICY))('%s', (mode, inParts) => {
  const name = mode.replaceAll(/\W+/g, '_');
  const overrides = [
    'async_config={max_steps_off_policy: 2, groups_per_batch: 4}',
    'loss_fn=ppo',
    'dataset.n_batches=8',
    ...inParts,
  ];

  it('trains every group once, and none that is staler than the bound', async () => {
    await run(name, overrides);
    const logged = (await rows(name)).slice(0, 8);
    expect(logged.map((row) => row['env/all/total_episodes'])).toEqual(new Array(8).fill(12));
    expect([...begun].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, group) => group));
    for (const row of logged) expect(Number(row['async/staleness_max'])).toBeLessThanOrEqual(2);
    expect(Math.max(...logged.map((row) => Number(row['async/staleness_max'])))).toBeGreaterThan(0);
  });

  it('rolls out again after a stop what was begun and not trained on, and nothing else', async () => {
    const { status } = await interruptedRun(`${name}_stopped`, overrides, 3);
    expect(status.state).toBe('done');
    const logged = await rows(`${name}_stopped`);
    expect(logged.slice(0, 8).map((row) => row['env/all/total_episodes'])).toEqual(new Array(8).fill(12));
    const times = new Map<number, number>();
    for (const group of begun) times.set(group, (times.get(group) ?? 0) + 1);
    expect([...times.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, group) => group));
    expect(Math.max(...times.values())).toBe(2);
  });
});
