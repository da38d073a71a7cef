// What a sampling request asks of its prompt: checked, put as targets of one pass, and the scores of that pass as the response has them.

import type { SampleOptions } from '../tinker/clients.ts';
import type { AnyTensorData, SampleResponse, TopkLogprobs } from '../tinker/types.ts';
import { checkDense, checkSparse, isSparse } from '../tinker/wire/tensors.ts';
import { RequestError } from '../util/errors.ts';
import type { Scores } from './scorer.ts';

/** Each costs a pair of numbers at every position. */
const MAX_TOKENS = 128;
const TARGETS = 'target_prompt_logprobs';

export interface PromptQuestions {
  prompt: readonly number[];
  /** K ids for every token but the first: the token itself, then those that are asked about, then 0 where there are no more. */
  targets: number[];
  /** Of those positions, the first that is scored, and the first of which log-probs and the most likely tokens are told. */
  first: number;
  toldFrom: number;
  include: boolean;
  topK: number;
  asked: AskedTokens | null;
  altTokens: number;
}

/** Cells of a tensor that hold ids, as places among the targets. */
interface AskedTokens {
  tensor: AnyTensorData;
  cells: { cell: number; place: number }[];
}

/** Throws a RequestError for a number of tokens at each position that is none, or too many. */
export function mostTokens(name: string, k: number, vocabularySize = Number.POSITIVE_INFINITY): void {
  const most = Math.min(MAX_TOKENS, vocabularySize);
  if (Number.isInteger(k) && k >= 0 && k <= most) return;
  throw new RequestError(`${name} must be a whole number from 0 to ${most}, not ${k}`);
}

/** Null where nothing is asked. */
export function promptQuestions(
  options: SampleOptions,
  prompt: readonly number[],
  vocabularySize: number,
): PromptQuestions | null {
  const {
    include_prompt_logprobs: include = false,
    topk_prompt_logprobs: topK = 0,
    prompt_logprobs_last_n: lastN,
    target_prompt_logprobs: tensor,
    prompt_alt_tokens_k: altTokens = 0,
  } = options;
  const scored = Math.max(0, prompt.length - 1);
  mostTokens('topk_prompt_logprobs', topK, vocabularySize);
  mostTokens('prompt_alt_tokens_k', altTokens);
  if (lastN !== undefined) checkLast(lastN, include, scored);
  const rows = tensor === undefined ? null : rowsOf(tensor, scored, vocabularySize);
  if (!include && topK === 0 && rows === null && altTokens === 0) return null;

  const width = Math.max(0, ...(rows ?? []).map(({ length }) => length));
  const targets = new Array<number>(scored * (1 + width)).fill(0);
  for (let t = 0; t < scored; t++) targets[t * (1 + width)] = prompt[t + 1];
  const cells = (rows ?? []).flatMap((row, t) =>
    row.map(({ cell, id }, i) => {
      const place = t * (1 + width) + 1 + i;
      targets[place] = id;
      return { cell, place };
    }),
  );
  const toldFrom = lastN === undefined ? 0 : scored - lastN;
  return {
    prompt,
    targets,
    first: rows !== null || altTokens > 0 ? 0 : toldFrom,
    toldFrom,
    include,
    topK,
    asked: tensor === undefined ? null : { tensor, cells },
    altTokens,
  };
}

function checkLast(n: number, include: boolean, scored: number): void {
  if (!include) throw new RequestError('prompt_logprobs_last_n needs prompt_logprobs, of which it asks for the last');
  if (Number.isInteger(n) && n >= 1 && n <= scored) return;
  throw new RequestError(
    `prompt_logprobs_last_n must be a whole number from 1 to ${scored}, the prompt's tokens but the first, not ${n}`,
  );
}

/** The ids of every row, with the cells that they stand in. */
function rowsOf(tensor: AnyTensorData, scored: number, vocabularySize: number): { cell: number; id: number }[][] {
  if (tensor.dtype !== 'int64') throw new RequestError(`${TARGETS} must be int64, not ${tensor.dtype}`);
  if (isSparse(tensor)) checkSparse(tensor, TARGETS);
  else checkDense(tensor, TARGETS);
  const [rows, columns] = tensor.shape;
  if (tensor.shape.length !== 2 || rows !== scored) {
    throw new RequestError(
      `${TARGETS} has shape [${tensor.shape}]; a prompt of ${scored + 1} tokens takes ${scored} rows of ids`,
    );
  }
  const starts = tensor.sparse_crow_indices ?? Array.from({ length: rows + 1 }, (_, row) => row * columns);
  return Array.from({ length: rows }, (_, row) => {
    const ids: { cell: number; id: number }[] = [];
    for (let cell = starts[row]; cell < starts[row + 1]; cell++) {
      const id = tensor.data[cell];
      if (id === -1) continue;
      if (!Number.isInteger(id) || id < 0 || id >= vocabularySize) {
        throw new RequestError(`${TARGETS}: ${id} in row ${row} is not in the vocabulary of ${vocabularySize}, nor -1`);
      }
      ids.push({ cell, id });
    }
    if (ids.length <= MAX_TOKENS) return ids;
    throw new RequestError(`${TARGETS}: row ${row} asks for ${ids.length} tokens, and ${MAX_TOKENS} are the most`);
  });
}

/** `scores` are null for a prompt with no token to score. */
export function promptAnswers(questions: PromptQuestions, scores: Scores | null): Omit<SampleResponse, 'sequences'> {
  const { prompt, include, topK, asked, altTokens: k, targets, toldFrom } = questions;
  const scored = Math.max(0, prompt.length - 1);
  const K = targets.length / scored;
  const logprobs = (scores?.logprobs ?? new Float32Array()).filter((_, i) => i % K === 0);
  const told = <T>(rows: Iterable<T>) => [null, ...Array.from(rows, (row, t) => (t < toldFrom ? null : row))];
  return {
    ...(include && { prompt_logprobs: told(logprobs) }),
    ...(topK > 0 && { topk_prompt_logprobs: told((scores?.top ?? []).map((row) => row?.slice(0, topK) ?? null)) }),
    ...(asked !== null && { target_prompt_logprobs: targetLogprobs(asked, scores) }),
    ...(k > 0 && { prompt_alt_tokens: altTokensOf(k, scored, scores) }),
  };
}

/** In the layout of the request, 0 where that had none. */
function targetLogprobs({ tensor, cells }: AskedTokens, scores: Scores | null): AnyTensorData {
  const data = new Float32Array(tensor.data.length);
  for (const { cell, place } of cells) data[cell] = scores?.logprobs[place] ?? 0;
  return { ...tensor, data, dtype: 'float32' };
}

function altTokensOf(k: number, scored: number, scores: Scores | null) {
  const shape = [scored, k];
  const { tokens, logprobs } =
    scores === null || scores.drawn.tokens.length > 0 ? drawnOf(scores) : greedy(scores.top, k);
  return {
    tokens: { data: tokens, dtype: 'int64' as const, shape },
    logprobs: { data: logprobs, dtype: 'float32' as const, shape },
  };
}

const drawnOf = (scores: Scores | null) => scores?.drawn ?? { tokens: [], logprobs: new Float32Array() };

function greedy(top: TopkLogprobs, k: number) {
  const best = top.flatMap((row) => Array.from({ length: k }, () => row?.[0] ?? [0, Number.NaN]));
  return { tokens: best.map(([token]) => token), logprobs: Float32Array.from(best, ([, logprob]) => logprob) };
}
