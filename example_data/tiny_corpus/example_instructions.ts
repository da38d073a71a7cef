// The prompts of `example_data/instructions.jsonl`: instructions of every kind that the corpus has, none of those that it holds out.

import type { Message } from 'tinker-cookbook';
import { messagesOf } from './instruction_examples.ts';
import { Random } from './random.ts';
import { drawTask, TASK_KINDS } from './tasks.ts';

/** Of each kind. */
const ROUNDS = 20;

interface Row {
  prompt: Message[];
}

export function exampleInstructions(): Row[] {
  const random = new Random(13);
  return Array.from({ length: ROUNDS }, () =>
    [...TASK_KINDS.keys()].map((kind) => ({ prompt: messagesOf(drawTask(random, kind, 'training')) })),
  ).flat();
}

/** The file: one prompt a line. */
export function exampleInstructionsFile(): string {
  return exampleInstructions()
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}
