// Results of evaluations on disk, as `cookbook eval` leaves them, for tests.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Answer {
  id: string;
  reward: number;
  sample?: number;
  error?: string;
}

/** @param files beside the answers, such as settings.json */
export function writeAnswers(
  directory: string,
  answers: readonly Answer[],
  files: Record<string, object | string> = {},
  benchmark = 'sums',
): void {
  mkdirSync(directory, { recursive: true });
  const line = ({ id, reward, sample = 0, error }: Answer, idx: number) => ({
    idx,
    benchmark,
    example_id: id,
    sample,
    grader: 'sums 1',
    turns: [],
    reward,
    metrics: { correct: reward },
    logs: { input: `ask ${id}`, expected: '1', extracted: 7, output: 'it is 7' },
    error: error ?? null,
    time_seconds: 0.5,
  });
  const text = answers.map((answer, idx) => `${JSON.stringify(line(answer, idx))}\n`).join('');
  writeFileSync(join(directory, 'trajectories.jsonl'), text);
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
}

/** Answers to so many examples, of which the first ones are right. */
export function answersTo(examples: number, right: number): Answer[] {
  return Array.from({ length: examples }, (_, i) => ({ id: `e${i}`, reward: Number(i < right) }));
}
