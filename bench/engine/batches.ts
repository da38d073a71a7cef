// Batches of token rows. A row of T inputs has one token more: the last target.

import { readFileSync } from 'node:fs';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { nextUniform, randomFor } from '../../src/util/random.ts';

/** Rows of a length of one's choice, the same at every call. */
export function randomBatch(B: number, T: number, vocabularySize: number): number[][] {
  const random = randomFor(0, 'benchmark');
  return Array.from({ length: B }, () =>
    Array.from({ length: T + 1 }, () => Math.floor(nextUniform(random) * vocabularySize)),
  );
}

/** Tokens of GSM8K's questions with their answers, as rows of their own and cut into equal ones; every round has others. */
export class Rows {
  readonly #rows: number[][];
  readonly #text: number[];

  private constructor(rows: number[][]) {
    this.#rows = rows;
    this.#text = rows.flat();
  }

  static async read(gsm8k: string, model: string): Promise<Rows> {
    const tokenizer = await loadTokenizer(model);
    const rows = readFileSync(gsm8k, 'utf8')
      .trim()
      .split('\n')
      .slice(0, 400)
      .map((line): { question: string; answer: string } => JSON.parse(line))
      .map(({ question, answer }) => [...tokenizer.encode(`${question}\n${answer}`)].slice(0, 513));
    return new Rows(rows);
  }

  equal(B: number, T: number, round: number): number[][] {
    return Array.from({ length: B }, (_, b) => {
      const start = ((round * B + b) * (T + 1)) % (this.#text.length - T - 1);
      return this.#text.slice(start, start + T + 1);
    });
  }

  ragged(B: number, round: number): number[][] {
    return Array.from({ length: B }, (_, b) => this.#rows[(round * B + b) % this.#rows.length]);
  }
}
