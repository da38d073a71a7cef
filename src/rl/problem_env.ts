// Environments of one question and one answer that a function judges (tinker_cookbook/rl/problem_env.py).

import { visibleText } from '../completers/completers.ts';
import type { Message, Renderer } from '../renderers/types.ts';
import { lengthOf, modelInputFromTokens } from '../tinker/types.ts';
import { permutation } from '../util/permutation.ts';
import type { Env, EnvGroupBuilder, EnvLogs, EnvMetrics, RLDataset } from './types.ts';

export interface Problem {
  question: string;
  /** For transcripts. */
  reference_answer: string;
  /** What decides beside that, such as tests: with others it is another example of a benchmark. */
  judged_by?: string;
  checkAnswer(reply: string): boolean | Promise<boolean>;
  /** Whether the reply is written as it should be; true unless given. */
  checkFormat?(reply: string): boolean;
  /** What of the reply is taken for its answer, for transcripts; null where nothing is. */
  extractAnswer?(reply: string): string | null;
  /** What else there is to measure of a reply. */
  measure?(reply: string, isCorrect: boolean): EnvMetrics;
}

export interface ProblemEnvOptions {
  renderer: Renderer;
  /** Longest sequence that the model takes. A question that leaves no room for an answer is not asked. */
  maxContextLength?: number;
  /** In front of every question, such as an example. */
  convoPrefix?: readonly Message[];
  /** What a reply costs that is not in form; 0.1 unless given. */
  formatCoef?: number;
  /** Only a reply that ends with the renderer's stop sequence is in form (true unless given), else also one that ends the text. */
  requireStopSequenceForFormat?: boolean;
}

/** Reward: formatCoef · (format − 1) + correct. Metrics `format` and `correct`, each 0 or 1. */
export function problemEnv(problem: Problem, options: ProblemEnvOptions): Env {
  const { renderer, convoPrefix = [], formatCoef = 0.1, requireStopSequenceForFormat = true } = options;
  const { question } = problem;
  const stop_condition = renderer.getStopSequences();
  return {
    async initialObservation() {
      const observation = renderer.buildGenerationPrompt([...convoPrefix, { role: 'user', content: question }]);
      if (lengthOf(observation) >= (options.maxContextLength ?? Number.POSITIVE_INFINITY)) {
        return { overflow: true, reward: -formatCoef, metrics: { context_overflow: 1, 'stop/context_overflow': 1 } };
      }
      return { observation, stop_condition };
    },
    async step({ tokens }) {
      const { message, termination } = renderer.parseResponse(tokens);
      const ends = termination === 'stop_sequence' || (termination === 'eos' && !requireStopSequenceForFormat);
      return {
        ...(await judgeReply(problem, visibleText(message), { ends, formatCoef })),
        episode_done: true,
        next_observation: modelInputFromTokens([]),
        next_stop_condition: stop_condition,
      };
    },
  };
}

/** What a reply is worth. `ends`: it has come to its end, as a reply in form does. */
export async function judgeReply(
  problem: Problem,
  reply: string,
  { ends, formatCoef }: { ends: boolean; formatCoef: number },
): Promise<{ reward: number; metrics: EnvMetrics; logs: EnvLogs }> {
  const { question, reference_answer, checkAnswer, checkFormat = () => true, extractAnswer, measure } = problem;
  const format = ends && checkFormat(reply) ? 1 : 0;
  const isCorrect = await checkAnswer(reply);
  const correct = isCorrect ? 1 : 0;
  const extracted = extractAnswer?.(reply) ?? null;
  return {
    reward: formatCoef * (format - 1) + correct,
    metrics: { format, correct, ...measure?.(reply, isCorrect) },
    logs: { question, reply, reference_answer, ...(extracted === null ? {} : { extracted }) },
  };
}

export interface ProblemGroupOptions extends ProblemEnvOptions {
  /** Times that the question is asked. */
  groupSize: number;
  /** Under which its metrics are also reported. */
  datasetName?: string;
}

/** One problem asked `groupSize` times (`ProblemGroupBuilder`). */
export function problemGroup(
  problem: Problem,
  { groupSize, datasetName = 'problems', ...options }: ProblemGroupOptions,
): EnvGroupBuilder {
  return {
    makeEnvs: async () => Array.from({ length: groupSize }, () => problemEnv(problem, options)),
    loggingTags: () => [datasetName],
    oneQuestion: true,
  };
}

export interface ProblemDatasetOptions extends ProblemGroupOptions {
  /** Problems in a batch. */
  batchSize: number;
  /** Decides their order; null = as they come. */
  shuffleSeed: number | null;
}

/** Problems in batches; the last one holds what is left over. `problemAt` makes each when it is asked for. */
export function problemDataset(
  length: number,
  problemAt: (index: number) => Problem,
  { batchSize, shuffleSeed, ...options }: ProblemDatasetOptions,
): RLDataset {
  const order = shuffleSeed === null ? null : permutation(length, [shuffleSeed]);
  return {
    length: Math.ceil(length / batchSize),
    getBatch(index) {
      const first = index * batchSize;
      const inBatch = Array.from({ length: Math.min(batchSize, length - first) }, (_, i) => first + i);
      return inBatch.map((at) => problemGroup(problemAt(order === null ? at : order[at]), options));
    },
  };
}
