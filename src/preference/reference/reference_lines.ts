// A line of reference_logprobs.jsonl: which sequence, its log-prob, and a check by which damage and other references show.

import { createHash } from 'node:crypto';
import { type Datum, tokensOf } from '../../tinker/types.ts';
import { parsedJson } from '../../util/json_lines.ts';
import { isNumber, isString, jsonShape } from '../../util/json_shape.ts';
import { lineCheck } from '../../util/line_check.ts';

/** The sum over the tokens of weight 1, in nats, by the sequence. */
export interface ScoredSequence {
  sequence: string;
  logprob: number;
}

const lineShape = jsonShape<ScoredSequence & { check: string }>({
  sequence: isString,
  logprob: isNumber,
  check: isString,
});

/** Tells sequences apart, by their tokens and by which of them count. */
export function sequenceOf({ model_input, loss_fn_inputs: { target_tokens, weights } }: Datum): string {
  const last = target_tokens.data[target_tokens.data.length - 1];
  const hash = createHash('sha256').update(Int32Array.from([...tokensOf(model_input), last]));
  return hash.update(Float32Array.from(weights.data)).digest('hex').slice(0, 32);
}

/** @param reference what tells this reference from others */
export function lineOf(reference: string, { sequence, logprob }: ScoredSequence): string {
  return JSON.stringify({ sequence, logprob, check: checkOf(reference, { sequence, logprob }) });
}

/** Null for a line that is not as it was written, or of another reference. */
export function readLine(reference: string, line: string): ScoredSequence | null {
  const value = parsedJson(line);
  if (!lineShape.is(value)) return null;
  const { sequence, logprob, check } = value;
  return Number.isFinite(logprob) && check === checkOf(reference, value) ? { sequence, logprob } : null;
}

const checkOf = (reference: string, { sequence, logprob }: ScoredSequence) => lineCheck(reference, sequence, logprob);
