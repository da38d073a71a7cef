// What both sides of the benchmark are told and what they answer.

import type { Message } from '../../src/renderers/types.ts';
import type { Answer } from '../engine/peer.ts';

/** Conversations, as TRL names them. */
export interface Pair {
  prompt: Message[];
  chosen: Message[];
  rejected: Message[];
}

export interface Job {
  /** Directory of the model. */
  load: string;
  /** Those of the first step, of the second, and so on. */
  pairs: Pair[];
  batch_size: number;
  epochs: number;
  rank: number;
  beta: number;
  learning_rate: number;
  /** TRL's side: whether log-probs under the reference are computed before the first step. */
  precompute: boolean;
}

export interface Load extends Job {
  threads: number;
}

/** A whole step: from the word to begin until all that belongs to it is done. */
export interface Step extends Answer {
  /** Of all threads of the process: what waits for a core on a busy machine counts only here as it is. */
  cpu_seconds: number;
  loss: number;
  /** Of prompts and completions, without padding. */
  tokens: number;
}
