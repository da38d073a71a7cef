// What is kept of one answer: what was said, what it is worth, and whether anything went wrong.

import { newObservationText } from '../rl/observation_text.ts';
import type { EnvLogs, EnvMetrics, Trajectory, Transition } from '../rl/types.ts';
import { lengthOf } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { isJsonObject, type JsonObject } from '../util/json.ts';
import {
  isArrayOf,
  isCount,
  isNullOr,
  isNumber,
  isOneOf,
  isRecordOf,
  isString,
  jsonShape,
} from '../util/json_shape.ts';
import type { BenchmarkExample } from './types.ts';

export interface TrajectoryTurn {
  role: 'user' | 'assistant' | 'environment';
  /** Of what the model read, what is new since its last turn. */
  content: string;
  /** Tokens that the model wrote, or read: then with all that stood there before. */
  token_count: number;
  /** Of the model's turns `stop_reason`, and `tokens` to judge them by again. */
  metadata: JsonObject;
}

/** A line of trajectories.jsonl. */
export interface TrajectoryRecord {
  /** Place of the example in the benchmark. */
  idx: number;
  benchmark: string;
  example_id: string;
  /** Which of several answers to the example, from 0. */
  sample: number;
  grader: string;
  turns: TrajectoryTurn[];
  reward: number;
  metrics: Record<string, number>;
  /** `input`, `expected`, `extracted` and `output`, and what else the environment tells. */
  logs: Record<string, string | number | null>;
  /** Why there is no answer; null where there is one. */
  error: string | null;
  time_seconds: number;
}

/** The answer that a record is of. */
export interface SampleOf {
  idx: number;
  sample: number;
  example: BenchmarkExample;
}

/** Known by the same key is the same answer to the same example. */
export function sampleKey({ example_id, sample }: { example_id: string; sample: number }): string {
  return `${sample} ${example_id}`;
}

interface RecordContext {
  benchmark: { name: string; grader: string };
  tokenizer: Tokenizer;
  time_seconds: number;
}

/** The record of an episode that came to its end. */
export function trajectoryRecord(of: SampleOf, trajectory: Trajectory, context: RecordContext): TrajectoryRecord {
  const { transitions, stop_reason } = trajectory;
  const turns = transitions.flatMap((transition, t) => turnsOf(transition, transitions[t - 1], context.tokenizer));
  const last = transitions.at(-1)?.ac;
  const isCut = last?.stop_reason === 'length' && last.tokens.length > 0;
  const metrics: EnvMetrics = Object.fromEntries(transitions.flatMap((step) => Object.entries(step.metrics)));
  const limits = {
    max_tokens_reached: Number(isCut || stop_reason === 'max_tokens'),
    context_overflow: Number(stop_reason === 'context_overflow'),
  };
  const told: EnvLogs = Object.fromEntries(transitions.flatMap(({ logs }) => Object.entries(logs)));
  const { question: _question, reference_answer: _answer, reply, extracted = null, ...others } = told;
  const output = reply ?? turns.findLast(({ role }) => role === 'assistant')?.content ?? '';
  return {
    ...emptyRecord(of, context),
    turns,
    reward: transitions.reduce((sum, { reward }) => sum + reward, 0),
    metrics: { ...finite(metrics), ...limits },
    logs: { input: of.example.input, expected: of.example.expected, extracted, output, ...others },
  };
}

/** The record of an answer that never came. */
export function errorRecord(of: SampleOf, error: string, context: RecordContext): TrajectoryRecord {
  return { ...emptyRecord(of, context), error };
}

function emptyRecord({ idx, sample, example }: SampleOf, { benchmark, time_seconds }: RecordContext): TrajectoryRecord {
  return {
    idx,
    benchmark: benchmark.name,
    example_id: example.example_id,
    sample,
    grader: benchmark.grader,
    turns: [],
    reward: 0,
    metrics: {},
    logs: { input: example.input, expected: example.expected, extracted: null, output: '' },
    error: null,
    time_seconds,
  };
}

function turnsOf({ ob, ac }: Transition, before: Transition | undefined, tokenizer: Tokenizer): TrajectoryTurn[] {
  // What ended before its first turn has a transition that holds nothing.
  if (ob.chunks.length === 0 && ac.tokens.length === 0) return [];
  return [
    {
      role: before === undefined ? 'user' : 'environment',
      content: newObservationText(ob, before ?? null, tokenizer).text,
      token_count: lengthOf(ob),
      metadata: {},
    },
    {
      role: 'assistant',
      content: tokenizer.decode(ac.tokens, { continues: true }),
      token_count: ac.tokens.length,
      metadata: { stop_reason: ac.stop_reason, tokens: ac.tokens },
    },
  ];
}

function finite(metrics: EnvMetrics): EnvMetrics {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

const isTurn = jsonShape<TrajectoryTurn>({
  role: isOneOf(['user', 'assistant', 'environment']),
  content: isString,
  token_count: isCount,
  metadata: isJsonObject,
});
const isLog = (value: unknown): value is string | number | null => isNullOr(isString)(value) || isNumber(value);

export const recordShape = jsonShape<TrajectoryRecord>({
  idx: isCount,
  benchmark: isString,
  example_id: isString,
  sample: isCount,
  grader: isString,
  turns: isArrayOf(isTurn.is),
  reward: isNumber,
  metrics: isRecordOf(isNumber),
  logs: isRecordOf(isLog),
  error: isNullOr(isString),
  time_seconds: isNumber,
});
