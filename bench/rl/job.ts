// What both sides of the benchmark are told and what they answer.

import type { Answer } from '../engine/peer.ts';

export interface Problem {
  question: string;
  answer: string;
}

export interface Job {
  /** Directory of the model. */
  load: string;
  /** `group_size` answers are sampled to each of `groups` problems a step. */
  groups: number;
  group_size: number;
  max_tokens: number;
  /** Every answer has max_tokens, whatever the model says: both sides do the same work. */
  equal_lengths: boolean;
  rank: number;
  learning_rate: number;
  /** Those of the first step, of the second, and so on. */
  problems: Problem[];
}

export interface Load extends Job {
  threads: number;
}

/** A whole step: from the word to begin until all that belongs to it is done. */
export interface Step extends Answer {
  /** Of all threads of the process: what waits for a core on a busy machine counts only here as it is. */
  cpu_seconds: number;
  prompt_tokens: number;
  sampled_tokens: number;
  reward: number;
  /** Seconds of what it spent its time on, by name. */
  parts: Record<string, number>;
}

/** Sums of numbers up to 99, with different ones in every step. */
export function sums(count: number): Problem[] {
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = [(37 * i + 11) % 100, (53 * i + 29 + Math.floor(i / 100)) % 100];
    return { question: `What is ${a} + ${b}?`, answer: String(a + b) };
  });
}
