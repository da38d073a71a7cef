// Log-probs of completions under the reference: asked for once a sequence and kept in the run's directory, so that further
// epochs and attempts do without; the runs of a sweep ask once for all of them.

import { join } from 'node:path';
import type { SamplingClient } from '../../tinker/clients.ts';
import type { Datum } from '../../tinker/types.ts';
import { scoreTargets } from '../../training/score_targets.ts';
import type { SharedLines } from '../../training/types.ts';
import { shortPath } from '../../util/files.ts';
import { filterLines, LineAppender, readLines, repairTail } from '../../util/json_lines.ts';
import type { PerPair } from '../losses/types.ts';
import { completionLogprob, datumsOf, perPair, type Reference } from '../pair_loss.ts';
import type { PreferencePair } from '../types.ts';
import { lineOf, readLine, sequenceOf } from './reference_lines.ts';
import { type Scores, SharedScores } from './shared_scores.ts';

const FILE = 'reference_logprobs.jsonl';
/** Of bad lines that a warning names. */
const NAMED = 5;

export interface ReferenceOptions {
  logPath: string;
  /** Aborted when the directory has become another process's. */
  lost: AbortSignal;
  /** What tells this reference from others. */
  identity: string;
  /** Opens the reference, which stays the same over all attempts of a run; not called where every sequence is known. */
  open(): Promise<SamplingClient>;
  /** What other runs know of the same reference. */
  shared: SharedLines | null;
  warn(message: string): void;
}

export class ReferenceLogprobs implements Reference {
  readonly #options: ReferenceOptions;
  readonly #known: Map<string, number>;
  readonly #lines: LineAppender;
  readonly #shared: SharedScores | null;
  #client: Promise<SamplingClient> | null = null;

  private constructor(options: ReferenceOptions, known: Map<string, number>, path: string) {
    this.#options = options;
    this.#known = known;
    this.#lines = new LineAppender(path, options.lost);
    const { shared, identity, warn } = options;
    this.#shared = shared === null ? null : new SharedScores(shared, identity, warn);
  }

  static async open(options: ReferenceOptions): Promise<ReferenceLogprobs> {
    const path = join(options.logPath, FILE);
    await repairTail(path);
    const lines = (await readLines(path)).map((line) => readLine(options.identity, line));
    const bad = lines.flatMap((line, index) => (line === null ? [index + 1] : []));
    if (bad.length > 0) {
      await filterLines(path, (index) => lines[index] !== null);
      const named = `${bad.slice(0, NAMED).join(', ')}${bad.length > NAMED ? ', …' : ''}`;
      options.warn(
        `${shortPath(path)}: ${bad.length} of ${lines.length} lines are damaged or of another reference (${named}): their completions are scored again`,
      );
    }
    const known = new Map(lines.flatMap((line) => (line === null ? [] : [[line.sequence, line.logprob]])));
    return new ReferenceLogprobs(options, known, path);
  }

  async of(pairs_P: readonly PreferencePair[], signal: AbortSignal): Promise<PerPair> {
    const data_D = datumsOf(pairs_P);
    const sequences_D = data_D.map(sequenceOf);
    const missing = new Map(
      data_D.flatMap((datum, d) => (this.#known.has(sequences_D[d]) ? [] : [[sequences_D[d], datum]])),
    );
    if (missing.size > 0) {
      const found = await this.#find(missing, signal);
      // In the order in which they were asked for, whoever has scored them.
      for (const sequence of missing.keys()) this.#keep(sequence, found.get(sequence) ?? Number.NaN);
    }
    return perPair(
      pairs_P,
      sequences_D.map((sequence) => this.#known.get(sequence) ?? Number.NaN),
    );
  }

  async close(): Promise<void> {
    this.#lines.close();
    // One that could not be opened has been an error already.
    const client = await this.#client?.catch(() => null);
    await client?.close();
  }

  #keep(sequence: string, logprob: number): void {
    this.#known.set(sequence, logprob);
    // A number that JSON cannot write is asked for again.
    if (Number.isFinite(logprob)) this.#lines.append(lineOf(this.#options.identity, { sequence, logprob }));
  }

  async #find(missing: ReadonlyMap<string, Datum>, signal: AbortSignal): Promise<Scores> {
    const score = (sequences: readonly string[]) => this.#score(missing, sequences, signal);
    const sequences = [...missing.keys()];
    return this.#shared === null ? await score(sequences) : await this.#shared.find(sequences, score, signal);
  }

  async #score(
    missing: ReadonlyMap<string, Datum>,
    sequences: readonly string[],
    signal: AbortSignal,
  ): Promise<Scores> {
    const data = sequences.flatMap((sequence) => missing.get(sequence) ?? []);
    if (data.length === 0) return new Map();
    this.#client ??= this.#options.open();
    const scored_D = await scoreTargets(await this.#client, data, signal);
    const logprobs = data.map((datum, d) => completionLogprob(datum, scored_D[d].logprobs_T));
    return new Map(sequences.map((sequence, i) => [sequence, logprobs[i]]));
  }
}

/** Zeros: for losses that have no use for a reference. */
export const NO_REFERENCE: Reference = {
  of: async (pairs_P) =>
    perPair(
      pairs_P,
      datumsOf(pairs_P).map(() => 0),
    ),
  close: async () => undefined,
};
