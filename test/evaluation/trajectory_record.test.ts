import { describe, expect, it } from 'vitest';
import { tokenAnswerer } from '../../src/evaluation/answerer.ts';
import { benchmarkResult } from '../../src/evaluation/benchmark_result.ts';
import { runBenchmark } from '../../src/evaluation/run_benchmark.ts';
import { recordShape, type TrajectoryRecord } from '../../src/evaluation/trajectory_record.ts';
import type { Benchmark } from '../../src/evaluation/types.ts';
import type { Env } from '../../src/rl/types.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { type ModelInput, modelInputFromTokens, type SampleStopReason, tokensOf } from '../../src/tinker/types.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';

const tokenizer = charTokenizer();
const input = (text: string): ModelInput => modelInputFromTokens(tokenizer.encode(text));

function client(said: string, stop_reason: SampleStopReason = 'stop', context = 1000): SamplingClient {
  const tokens = tokenizer.encode(said);
  return {
    sample: async () => ({ sequences: [{ tokens, logprobs: tokens.map(() => -1), stop_reason }] }),
    computeLogprobs: async () => [],
    getInfo: async () => ({ base_model: 'said', is_lora: false, lora_rank: null, max_context_length: context }),
    close: async () => undefined,
  };
}

async function recordOf(makeEnv: () => Env, model: SamplingClient) {
  const records: TrajectoryRecord[] = [];
  const benchmark: Benchmark = {
    name: 'talk',
    grader: 'talk 1',
    examples: [{ example_id: 'talk_1', input: 'Talk!', expected: null, makeEnv }],
  };
  const samples_P_K = await runBenchmark({
    benchmark,
    answerer: tokenAnswerer(model, tokenizer),
    sampling: { max_tokens: 8, temperature: 1, seed: 0, num_samples: 1, concurrency: 1, timeout_seconds: 1000 },
    onRecord: (record) => records.push({ ...record, time_seconds: 0 }),
  });
  expect(recordShape.is(JSON.parse(JSON.stringify(records[0])))).toBe(true);
  return { record: records[0], result: benchmarkResult({ name: 'talk' }, samples_P_K) };
}

/** Says `replies` one after the other; each goes on behind the conversation so far, or begins anew. */
function talk(replies: readonly string[], goesOn = true): () => Env {
  return () => {
    let observation = input('Hello ');
    let turn = 0;
    return {
      initialObservation: async () => ({ observation, stop_condition: [0] }),
      async step({ tokens }) {
        const reply = replies[turn++];
        const before = goesOn ? [...tokensOf(observation), ...tokens] : [];
        observation = modelInputFromTokens([...before, ...tokenizer.encode(reply ?? '')]);
        const logs = { turn };
        const metrics = { turn, broken: Number.NaN };
        return {
          reward: 1,
          episode_done: turn > replies.length,
          next_observation: observation,
          next_stop_condition: [0],
          metrics,
          logs,
        };
      },
    };
  };
}

describe('the record of an answer', () => {
  it('of several turns holds what was said in each, and what is new to the model', async () => {
    const { record, result } = await recordOf(talk([' And? ']), client('Hi!'));
    expect(record.turns.map(({ role, content, token_count }) => [role, content, token_count])).toEqual([
      ['user', 'Hello ', 6],
      ['assistant', 'Hi!', 3],
      ['environment', ' And? ', 15],
      ['assistant', 'Hi!', 3],
    ]);
    expect(record).toMatchObject({
      reward: 2,
      metrics: { turn: 2, max_tokens_reached: 0, context_overflow: 0 },
      logs: { input: 'Talk!', expected: null, extracted: null, output: 'Hi!', turn: 2 },
    });
    expect(record.metrics).not.toHaveProperty('broken');
    expect(result.metrics).toMatchObject({
      total_turns: 2,
      total_ac_tokens: 6,
      total_ob_tokens: 21,
      turns_per_episode: 2,
    });
  });

  it('holds the whole of an observation that does not go on from the last one, with its pictures', async () => {
    const { record } = await recordOf(talk(['Anew'], false), client('Hi!'));
    expect(record.turns[2]).toMatchObject({ role: 'environment', content: 'Anew', token_count: 4 });
    const picture: ModelInput = {
      chunks: [
        ...input('Look: ').chunks,
        { type: 'image', data: new Uint8Array([1, 2]), format: 'png', expected_tokens: 5 },
        ...input(' there').chunks,
      ],
    };
    const env: Env = {
      initialObservation: async () => ({ observation: picture, stop_condition: [0] }),
      step: async () => ({ reward: 0, episode_done: true, next_observation: picture, next_stop_condition: [] }),
    };
    const seen = await recordOf(() => env, client('A cat.'));
    expect(seen.record.turns[0]).toMatchObject({ content: 'Look: [picture: png, 5 positions] there', token_count: 17 });
  });

  it('says what was cut, and what there was no room for', async () => {
    const cut = await recordOf(talk([]), client('Hi', 'length'));
    expect(cut.record.metrics).toMatchObject({ max_tokens_reached: 1, context_overflow: 0 });
    expect(cut.result).toMatchObject({ num_truncated: 1, num_correct: 1, score_completed: null });
    const overflow = await recordOf(talk([]), client('Hi', 'stop', 6));
    expect(overflow.record).toMatchObject({
      turns: [],
      reward: 0,
      error: null,
      metrics: { max_tokens_reached: 0, context_overflow: 1 },
      logs: { input: 'Talk!', output: '' },
    });
    expect(overflow.result).toMatchObject({ num_truncated: 1, num_errors: 0, score: 0 });
  });
});
