// An instruction whose reply a program can judge.

import type { Grader } from './grading.ts';
import type { Random } from './random.ts';

export interface Task {
  /** Absent where the prompt says all. */
  system?: string;
  prompt: string;
  /** What the corpus replies. */
  answer: string;
  /** Whether a reply does what was asked. */
  accepts: Grader;
}

/** Makes one task of a kind. */
export type TaskMaker = (random: Random) => Task;
