// A question whose answer stands in a corpus.

export interface SearchQuestion {
  question: string;
  /** Each of them is right; at least one. */
  answers: readonly string[];
  /** What it is of, under which its metrics are also reported: a dataset, or how many steps it takes to answer. */
  source: string;
}
