// Datums as the engine computes with them: checked against the model and the loss.

import { LOSS_FUNCTIONS } from '../tinker/loss_functions.ts';
import { type Datum, type TensorData, tokensOf } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';
import type { Loss } from './losses.ts';

/** One checked datum of N positions with K targets each; per-target arrays are (N·K), row-major. */
export interface Example {
  tokens: number[];
  /** So many of them, at the front, are there for those behind them alone: nothing is wanted of their positions. */
  context: number;
  K: number;
  targets: ArrayLike<number>;
  weights: Float32Array;
  advantages: Float32Array;
  /** Log-probs under the policy that sampled. */
  q: Float32Array;
  /** Not 0 at the positions that the ratio of the sequence is made of; null where the loss has no such ratio. */
  ratioMask: Float32Array | null;
  /** Not 0 at positions whose log-probs are wanted whatever the loss says of them; null where there are none. */
  asked: ArrayLike<number> | null;
  /** Shape of the targets, which the log-probs come back in. */
  shape: number[];
}

export interface Limits {
  vocab_size: number;
  max_context_length: number;
}

/** Checks a datum. Throws RequestError naming the datum and the field. */
export function parseDatum(datum: Datum, index: number, { fn }: Loss, limits: Limits): Example {
  const fail = (message: string, hint?: string) => {
    return new RequestError(`datum ${index}: ${message}`, hint === undefined ? {} : { hint });
  };
  const tokens = tokensOf(datum.model_input);
  const N = tokens.length;
  if (N === 0) throw fail('model_input is empty');
  if (N > limits.max_context_length) {
    throw fail(
      `${N} tokens are more than the ${limits.max_context_length} of the model's context`,
      'Cut the sequence, or split it in several.',
    );
  }
  const inVocabulary = (token: number) => Number.isInteger(token) && token >= 0 && token < limits.vocab_size;
  const stray = tokens.findIndex((token) => !inVocabulary(token));
  if (stray >= 0)
    throw fail(`token ${tokens[stray]} at position ${stray} is not in the vocabulary of ${limits.vocab_size}`);

  const { inputs: needed, optional_inputs } = LOSS_FUNCTIONS[fn];
  const known = [...needed, ...optional_inputs];
  for (const name of Object.keys(datum.loss_fn_inputs)) {
    if (!known.includes(name)) throw fail(`loss ${fn} takes no "${name}"; it takes ${known.join(', ')}`);
  }
  const target = datum.loss_fn_inputs.target_tokens;
  if (target === undefined) throw fail('loss_fn_inputs has no "target_tokens"');
  if (target.dtype !== 'int64') throw fail(`target_tokens must be int64, not ${target.dtype}`);
  const [rows, K = 1] = target.shape;
  if (target.shape.length > 2 || rows !== N || K < 1 || (K > 1 && fn !== 'cross_entropy')) {
    throw fail(`target_tokens has shape [${target.shape}], the input has ${N} positions`);
  }
  checkLength(target, 'target_tokens', N * K, fail);
  const strayTarget = target.data.findIndex((token) => !inVocabulary(token));
  if (strayTarget >= 0) {
    const token = target.data[strayTarget];
    throw fail(`target_tokens[${strayTarget}] is ${token}, which is not in the vocabulary of ${limits.vocab_size}`);
  }

  const perTarget = (name: string, absent: number): Float32Array => {
    const tensor = datum.loss_fn_inputs[name];
    if (tensor === undefined) {
      if (needed.includes(name)) throw fail(`loss ${fn} needs "${name}"`);
      return new Float32Array(N * K).fill(absent);
    }
    checkLength(tensor, name, N * K, fail);
    const values = Float32Array.from(tensor.data);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw fail(`${name}[${bad}] is ${values[bad]}`);
    return values;
  };
  const advantages = perTarget('advantages', 0);
  return {
    tokens,
    context: 0,
    K,
    targets: target.data,
    weights: perTarget('weights', fn === 'cross_entropy' ? 1 : 0),
    advantages,
    q: perTarget('logprobs', 0),
    ratioMask: fn === 'gspo' ? ratioMaskOf(datum, advantages, perTarget) : null,
    asked: null,
    shape: target.shape,
  };
}

/** Without a mask the ratio is that of the tokens which have an advantage: the others are a prompt, of which q is unknown. */
function ratioMaskOf(
  { loss_fn_inputs }: Datum,
  advantages: Float32Array,
  perTarget: (name: string, absent: number) => Float32Array,
): Float32Array {
  if (loss_fn_inputs.sequence_ratio_mask !== undefined) return perTarget('sequence_ratio_mask', 0);
  return advantages.map((advantage) => (advantage === 0 ? 0 : 1));
}

function checkLength(
  { data, shape }: TensorData,
  name: string,
  length: number,
  fail: (m: string) => RequestError,
): void {
  const size = shape.reduce((product, size) => product * size, 1);
  if (data.length !== size || size !== length) {
    throw fail(`${name} has ${data.length} values and shape [${shape}]; ${length} values are expected`);
  }
}

/** Whether the loss depends on the position, or its log-prob is asked for. */
export function isWanted({ K, weights, advantages, ratioMask, asked }: Example, t: number): boolean {
  for (let i = t * K; i < (t + 1) * K; i++) if (weights[i] !== 0 || advantages[i] !== 0) return true;
  return (ratioMask?.[t] ?? 0) !== 0 || (asked?.[t] ?? 0) !== 0;
}

/** For a pass in which only the positions that are wanted report log-probs. */
export function inContext(example: Example): Example {
  const first = example.tokens.findIndex((_, t) => isWanted(example, t));
  return { ...example, context: Math.max(first, 0) };
}
