// What the runs of a sweep know together of one reference: a sequence that one of them has scored is scored by none of the others.

import type { SharedLines } from '../../training/types.ts';
import { shortPath } from '../../util/files.ts';
import { lineOf, readLine } from './reference_lines.ts';

/** Log-probs by sequence. */
export type Scores = ReadonlyMap<string, number>;

export class SharedScores {
  readonly #lines: SharedLines;
  readonly #reference: string;
  readonly #warn: (message: string) => void;
  readonly #known = new Map<string, number>();
  #told = false;

  /** @param reference what tells this reference from others */
  constructor(lines: SharedLines, reference: string, warn: (message: string) => void) {
    this.#lines = lines;
    this.#reference = reference;
    this.#warn = warn;
  }

  /** The scores of the sequences; `score` is asked for those that no run has, while no other run scores. */
  async find(
    sequences: readonly string[],
    score: (unknown: readonly string[]) => Promise<Scores>,
    signal: AbortSignal,
  ): Promise<Scores> {
    const unknown = () => sequences.filter((sequence) => !this.#known.has(sequence));
    if (unknown().length > 0) await this.#read();
    if (unknown().length > 0) {
      await this.#lines.exclusively(signal, async () => {
        // While this run waited, another may have scored the same.
        await this.#read();
        await this.#add(await score(unknown()));
      });
    }
    return this.#known;
  }

  async #add(scores: Scores): Promise<void> {
    const lines: string[] = [];
    for (const [sequence, logprob] of scores) {
      this.#known.set(sequence, logprob);
      if (Number.isFinite(logprob)) lines.push(lineOf(this.#reference, { sequence, logprob }));
    }
    await this.#lines.append(lines);
  }

  async #read(): Promise<void> {
    const lines = await this.#lines.read();
    let bad = 0;
    for (const line of lines) {
      const scored = readLine(this.#reference, line);
      if (scored === null) bad += 1;
      else this.#known.set(scored.sequence, scored.logprob);
    }
    if (bad === 0 || this.#told) return;
    this.#told = true;
    this.#warn(`${shortPath(this.#lines.path)}: lines are damaged (${bad}): their completions are scored again`);
  }
}
