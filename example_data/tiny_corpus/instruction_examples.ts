// The instructions that the evaluator gives, and how their replies are judged: what needs the words of the tiny corpus.

import type { Message, Metrics } from 'tinker-cookbook';
import { Random } from './random.ts';
import type { Task } from './task.ts';
import { drawTask, TASK_KINDS } from './tasks.ts';

interface Example {
  kind: string;
  task: Task;
}

/** Held-out instructions, the kinds taking turns. */
export function drawExamples(count: number, seed: number): Example[] {
  const random = new Random(seed);
  const kinds = [...TASK_KINDS.keys()];
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i % kinds.length];
    return { kind, task: drawTask(random, kind, 'evaluation') };
  });
}

/** A task as the model is asked it. */
export function messagesOf({ system, prompt }: Task): Message[] {
  const question = { role: 'user', content: prompt };
  return system === undefined ? [question] : [{ role: 'system', content: system }, question];
}

/** The share of replies that their tasks accept. */
export function scoreExamples(
  name: string,
  examples: readonly Example[],
  replies: readonly string[],
  byKind: boolean,
): Metrics {
  const graded = examples.map(({ kind, task }, i) => ({ kind, right: task.accepts(replies[i]) }));
  const share = (group: typeof graded): number => group.filter(({ right }) => right).length / group.length;
  const kinds = byKind ? [...new Set(graded.map(({ kind }) => kind))] : [];
  return {
    [`${name}/accuracy`]: share(graded),
    ...Object.fromEntries(
      kinds.map((kind) => [`${name}/accuracy_${kind}`, share(graded.filter((example) => example.kind === kind))]),
    ),
  };
}
