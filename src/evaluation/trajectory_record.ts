// What is kept of one answer: what was said, what it is worth, and whether anything went wrong.

import { type TokenUsage, visibleText } from '../completers/completers.ts';
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

/** What there is to record of an answer; the rest is known to who asked. */
export type Answered = Pick<TrajectoryRecord, 'turns' | 'reward' | 'metrics' | 'logs'>;

/** An episode that came to its end. */
export function episodeAnswer({ example }: SampleOf, trajectory: Trajectory, tokenizer: Tokenizer): Answered {
  const { transitions, stop_reason } = trajectory;
  const turns = transitions.flatMap((transition, t) => turnsOf(transition, transitions[t - 1], tokenizer));
  const last = transitions.at(-1)?.ac;
  const isCut = last?.stop_reason === 'length' && last.tokens.length > 0;
  const metrics: EnvMetrics = Object.fromEntries(transitions.flatMap((step) => Object.entries(step.metrics)));
  const limits = {
    max_tokens_reached: Number(isCut || stop_reason === 'max_tokens'),
    context_overflow: Number(stop_reason === 'context_overflow'),
  };
  const told: EnvLogs = Object.fromEntries(transitions.flatMap(({ logs }) => Object.entries(logs)));
  const output = turns.findLast(({ role }) => role === 'assistant')?.content ?? '';
  return {
    turns,
    reward: transitions.reduce((sum, { reward }) => sum + reward, 0),
    metrics: { ...finite(metrics), ...limits },
    logs: logsOf(example, told, output),
  };
}

/** One reply to one conversation, by a service that gives texts. */
export function textAnswer(
  { example }: SampleOf,
  {
    reply,
    isCut,
    usage,
    judged,
  }: {
    reply: string;
    isCut: boolean;
    usage: TokenUsage | undefined;
    judged: { reward: number; metrics: EnvMetrics; logs: EnvLogs };
  },
): Answered {
  const asked = (example.text?.messages ?? []).map(visibleText).join('\n\n');
  return {
    turns: [
      { role: 'user', content: asked, token_count: usage?.prompt_tokens ?? 0, metadata: {} },
      {
        role: 'assistant',
        content: reply,
        token_count: usage?.completion_tokens ?? 0,
        metadata: { stop_reason: isCut ? 'length' : 'stop' },
      },
    ],
    reward: judged.reward,
    metrics: { ...finite(judged.metrics), max_tokens_reached: Number(isCut), context_overflow: 0 },
    logs: logsOf(example, judged.logs, reply),
  };
}

function logsOf({ input, expected }: BenchmarkExample, told: EnvLogs, output: string): TrajectoryRecord['logs'] {
  const { question: _question, reference_answer: _answer, reply = output, extracted = null, ...others } = told;
  return { input, expected, extracted, output: reply, ...others };
}

interface RecordContext {
  benchmark: { name: string; grader: string };
  time_seconds: number;
}

export function answerRecord(of: SampleOf, answered: Answered, context: RecordContext): TrajectoryRecord {
  return { ...emptyRecord(of, context), ...answered };
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
