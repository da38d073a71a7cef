// Instructions whose replies a program can judge: the kinds, and drawing one that is or is not held out.

import { isHeldOut } from './held_out.ts';
import { KNOWLEDGE_TASKS } from './knowledge_tasks.ts';
import { NUMBER_TASKS } from './number_tasks.ts';
import { PERSONA_TASKS } from './persona_tasks.ts';
import type { Random } from './random.ts';
import { READING_TASKS } from './reading_tasks.ts';
import type { Task, TaskMaker } from './task.ts';
import { WORD_TASKS } from './word_tasks.ts';

/** All kinds of tasks by name. */
export const TASK_KINDS: ReadonlyMap<string, TaskMaker> = new Map(
  Object.entries({ ...WORD_TASKS, ...READING_TASKS, ...NUMBER_TASKS, ...KNOWLEDGE_TASKS, ...PERSONA_TASKS }),
);

/** More draws than a kind needs that has tasks on both sides. */
const MOST_DRAWS = 10_000;

/** Draws a task of a kind until it is on the wanted side of the held-out rule. */
export function drawTask(random: Random, kind: string, side: 'training' | 'evaluation'): Task {
  const make = TASK_KINDS.get(kind);
  if (make === undefined) throw new Error(`no kind of task named "${kind}"`);
  for (let draws = 0; draws < MOST_DRAWS; draws++) {
    const task = make(random);
    if (isHeldOutTask(task) === (side === 'evaluation')) return task;
  }
  throw new Error(`tasks of the kind "${kind}" are never for ${side}: give it more wordings`);
}

/** Whether a prompt is for evaluation only: because of its own words and arguments, or those of its system prompt with it. */
export function isHeldOutTask({ system, prompt }: Task): boolean {
  return isHeldOut(prompt) || (system !== undefined && isHeldOut(`${system} ${prompt}`));
}
