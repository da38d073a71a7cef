// Finding passages of a corpus: what is searched, and who searches it.

import { defineSlot } from '../registry/slot.ts';

export interface Passage {
  id: string;
  title: string;
  text: string;
}

export interface Corpus {
  /** Tells its contents from all others: an index is kept under it. */
  digest: string;
  passages(): Iterable<Passage> | AsyncIterable<Passage>;
}

export interface Retriever {
  /** The passages that fit the query best, the best first, and none that does not fit at all. */
  search(query: string, count: number): Promise<Passage[]>;
  /** Of files that its parameters name, such as a model: tells their contents from all others. Absent where it reads none. */
  readonly digest?: string;
}

export interface RetrieverContext {
  corpus: Corpus;
  /** Told of what takes long. */
  notify?(message: string): void;
  signal?: AbortSignal;
}

export const retrieverSlot = defineSlot<RetrieverContext, Retriever>({
  name: 'retriever',
  doc: 'Who finds the passages of a corpus that a query asks for.',
});
