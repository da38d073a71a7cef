// Log-probs of completions under the reference: asked for once a sequence and kept in the run's directory, so that further
// epochs and attempts do without.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { SamplingClient } from '../tinker/clients.ts';
import { type Datum, tokensOf } from '../tinker/types.ts';
import { scoreTargets } from '../training/score_targets.ts';
import { LineAppender, parseLines, repairTail } from '../util/json_lines.ts';
import { isNumber, isString, jsonShape } from '../util/json_shape.ts';
import type { PerPair } from './losses/types.ts';
import { byTurns, completionLogprob, datumsOf, type Reference } from './pair_loss.ts';
import type { PreferencePair } from './types.ts';

const FILE = 'reference_logprobs.jsonl';

/** A line of the file: of which tokens, and the sum over those of weight 1, in nats. */
const lineShape = jsonShape<{ sequence: string; logprob: number }>({ sequence: isString, logprob: isNumber });

export class ReferenceLogprobs implements Reference {
  readonly #client: SamplingClient;
  readonly #known: Map<string, number>;
  readonly #lines: LineAppender;

  private constructor(client: SamplingClient, known: Map<string, number>, lines: LineAppender) {
    this.#client = client;
    this.#known = known;
    this.#lines = lines;
  }

  /** @param client the reference, which stays the same over all attempts of a run */
  static async open(client: SamplingClient, logPath: string): Promise<ReferenceLogprobs> {
    const path = join(logPath, FILE);
    await repairTail(path);
    const lines = await parseLines(path, lineShape);
    const known = new Map(lines.map(({ sequence, logprob }) => [sequence, logprob]));
    return new ReferenceLogprobs(client, known, new LineAppender(path, new AbortController().signal));
  }

  async of(pairs_P: readonly PreferencePair[], signal: AbortSignal): Promise<PerPair> {
    const data_D = datumsOf(pairs_P);
    const keys_D = data_D.map(keyOf);
    const missing = data_D.filter((_, d) => !this.#known.has(keys_D[d]));
    const scored = await scoreTargets(this.#client, missing, signal);
    for (const [i, { logprobs_T }] of scored.entries())
      this.#keep(keyOf(missing[i]), completionLogprob(missing[i], logprobs_T));
    return byTurns(keys_D.map((key) => this.#known.get(key) ?? Number.NaN));
  }

  async close(): Promise<void> {
    this.#lines.close();
    await this.#client.close();
  }

  #keep(sequence: string, logprob: number): void {
    this.#known.set(sequence, logprob);
    // A number that JSON cannot write is asked for again.
    if (Number.isFinite(logprob)) this.#lines.append(JSON.stringify({ sequence, logprob }));
  }
}

/** Zeros: for losses that have no use for a reference. */
export const NO_REFERENCE: Reference = {
  of: async (pairs_P) => byTurns(datumsOf(pairs_P).map(() => 0)),
  close: async () => undefined,
};

/** Tells sequences apart, by their tokens and by which of them count. */
function keyOf({ model_input, loss_fn_inputs: { target_tokens, weights } }: Datum): string {
  const last = target_tokens.data[target_tokens.data.length - 1];
  const hash = createHash('sha256').update(Int32Array.from([...tokensOf(model_input), last]));
  return hash.update(Float32Array.from(weights.data)).digest('hex').slice(0, 32);
}
