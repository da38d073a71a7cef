// Where the tokens of a batch lie. What several sequences begin with is read once, as the samples of one prompt do.

/** Sequences laid end to end as N rows. */
export interface Layout {
  /** (N) token ids and their positions. */
  tokens: number[];
  positions: number[];
  /** By sequence, the row of each of its tokens. */
  rows_B_T: number[][];
  /** So many rows, at the front, are each of more than one sequence. */
  shared: number;
}

/** A sequence whose first `context` tokens are there for those behind them alone: nothing is asked of their rows. */
export interface InContext {
  tokens: readonly number[];
  context: number;
}

/** So many sequences share a row at the most, since gradients of a row are summed up in an array as wide as this. */
const MOST_SHARING = 16;

/** The same text for contexts that are equal; null for none. */
export const contextKey = ({ tokens, context }: InContext): string | null =>
  context === 0 ? null : tokens.slice(0, context).join();

/** Which sequences of a batch, told one after another, read their context together. */
export class SharedContexts {
  readonly #readers = new Map<string, number[]>();

  /** How many tokens of one more sequence would have to be read. */
  unread(sequence: InContext): number {
    const { tokens, context } = sequence;
    return tokens.length - (this.#joinable(contextKey(sequence)) === null ? 0 : context);
  }

  /** All that read it with this one, as they come. It is read for the first of them. */
  join(sequence: InContext, index: number): readonly number[] {
    const key = contextKey(sequence);
    const readers = this.#joinable(key) ?? [];
    readers.push(index);
    if (key !== null) this.#readers.set(key, readers);
    return readers;
  }

  #joinable(key: string | null): number[] | null {
    const readers = key === null ? undefined : this.#readers.get(key);
    return readers === undefined || readers.length === MOST_SHARING ? null : readers;
  }
}

export function layOut(sequences: readonly InContext[]): Layout {
  const contexts = new SharedContexts();
  const readers_B = sequences.map((sequence, b) => contexts.join(sequence, b));
  const layout: Layout = { tokens: [], positions: [], rows_B_T: sequences.map(() => []), shared: 0 };
  const append = (b: number, from: number, to: number) => {
    for (let t = from; t < to; t++) {
      layout.rows_B_T[b].push(layout.tokens.length);
      layout.tokens.push(sequences[b].tokens[t]);
      layout.positions.push(t);
    }
  };
  for (const [b, readers] of readers_B.entries()) {
    if (readers.length === 1) continue;
    if (readers[0] === b) append(b, 0, sequences[b].context);
    else layout.rows_B_T[b].push(...layout.rows_B_T[readers[0]].slice(0, sequences[b].context));
  }
  layout.shared = layout.tokens.length;
  for (const [b, { tokens }] of sequences.entries()) append(b, layout.rows_B_T[b].length, tokens.length);
  return layout;
}
