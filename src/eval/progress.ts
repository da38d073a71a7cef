// How far an evaluation is: on a terminal one line that is drawn anew, elsewhere a line now and then.

import type { TrajectoryRecord } from '../evaluation/trajectory_record.ts';
import { formatDuration, formatMetric, progressBar } from '../run/progress.ts';
import { plural } from '../util/plural.ts';

export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface EvalProgress {
  answered(record: TrajectoryRecord): void;
  /** Leaves the line of a terminal. */
  end(): void;
}

/** What was there before this process asked anything. */
export interface KnownAnswers {
  total: number;
  answered: number;
  correct: number;
}

/** Of a file that is read later, so many lines are enough. */
const PLAIN_LINES = 20;
const BAR_CELLS = 20;
const USUAL_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[2K';

/** `now` is in milliseconds. */
export function evalProgress(
  stream: ProgressStream,
  { total, ...known }: KnownAnswers,
  now: () => number = () => performance.now(),
): EvalProgress {
  const began = now();
  const every = Math.max(1, Math.floor(total / PLAIN_LINES));
  let { answered, correct } = known;
  let errors = 0;
  const line = () => {
    const perAnswer = (now() - began) / 1000 / (answered - known.answered);
    const left = total - answered;
    return [
      `${answered}/${total}`,
      `score ${formatMetric(correct / answered)}`,
      ...(errors > 0 ? [plural(errors, 'error')] : []),
      ...(left > 0 ? [`${formatDuration(perAnswer * left)} left`] : []),
    ].join('  ');
  };
  return {
    answered({ reward, error }) {
      answered += 1;
      correct += Number(reward > 0);
      errors += Number(error !== null);
      if (stream.isTTY === true) {
        const text = `${progressBar(answered, total, BAR_CELLS)} ${line()}`;
        stream.write(CLEAR_LINE + text.slice(0, (stream.columns || USUAL_COLUMNS) - 1));
      } else if (answered % every === 0 || answered === total) stream.write(`${line()}\n`);
    },
    end() {
      if (stream.isTTY === true && answered > known.answered) stream.write('\n');
    },
  };
}
