import { describe, expect, it } from 'vitest';
import { evalProgress, type ProgressStream } from '../../src/eval/progress.ts';
import type { TrajectoryRecord } from '../../src/evaluation/trajectory_record.ts';

const record = (reward: number, error: string | null = null): TrajectoryRecord => ({
  idx: 0,
  benchmark: 'even',
  example_id: 'even_0',
  sample: 0,
  grader: 'even 1',
  turns: [],
  reward,
  metrics: {},
  logs: {},
  error,
  time_seconds: 0,
});

/** The states of a line that is drawn anew. */
const states = (text: string) => text.trimEnd().split('\r\u001b[2K').slice(1);

/** What is written while answers come, one a second. */
function written(stream: Partial<ProgressStream>, records: readonly TrajectoryRecord[], known = 0): string {
  let text = '';
  let seconds = 0;
  const total = known + records.length;
  const progress = evalProgress(
    { write: (part) => (text += part), ...stream },
    { total, answered: known, correct: 0 },
    () => 1000 * seconds,
  );
  for (const each of records) {
    seconds += 1;
    progress.answered(each);
  }
  progress.end();
  return text;
}

describe('the progress of an evaluation', () => {
  it('is a line now and then in a file, twenty or so in all', () => {
    const right = Array.from({ length: 45 }, (_, i) => record(i % 2));
    const lines = written({}, right, 5).trimEnd().split('\n');
    expect(lines[0]).toBe('6/50  score 0  44s left');
    expect(lines.at(-1)).toBe('50/50  score 0.44');
    expect(lines).toHaveLength(23);
  });

  it('is one line on a terminal, which errors are told on and which is never wider than that', () => {
    const records = [record(1), record(0, 'Error: broken'), record(0)];
    expect(states(written({ isTTY: true, columns: 80 }, records))).toEqual([
      '███████░░░░░░░░░░░░░ 1/3  score 1  2s left',
      '█████████████░░░░░░░ 2/3  score 0.5  1 error  1s left',
      '████████████████████ 3/3  score 0.3333  1 error',
    ]);
    expect(states(written({ isTTY: true, columns: 30 }, records)).every(({ length }) => length < 30)).toBe(true);
  });
});
