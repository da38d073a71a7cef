// A sweep on a terminal: what is worth keeping scrolls by, and below it a table is drawn anew as the runs go on.

import { wrapped } from '../../util/wrapped.ts';
import { type HeadlineOfRun, LiveTable, type RunsToCome } from './live_table.ts';
import { plainReporter, type SweepReporter } from './plain.ts';
import { labelOf } from './text.ts';

interface Terminal {
  write(text: string): unknown;
  /** 0 where the terminal does not say. */
  columns: number;
  rows: number;
}

const USUAL = { columns: 80, rows: 24 };

/** Drawing more often than anybody reads would take time from the runs. */
const REDRAW_MS = 100;

/** `now` is in milliseconds. */
export function terminalReporter(
  coming: RunsToCome,
  headlineOf: HeadlineOfRun,
  terminal: Terminal,
  now: () => number,
): SweepReporter {
  const table = new LiveTable(coming, headlineOf, now);
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  // From the start of the line: a key that was pressed, Ctrl-C too, has left its echo there and moved the cursor.
  const erase = () => `\r${drawn === 0 ? '' : `\u001b[${drawn}A`}\u001b[J`;
  const draw = (above: string) => {
    const { columns, rows } = terminal;
    const lines = table.lines((columns || USUAL.columns) - 1, (rows || USUAL.rows) - 1);
    const text = [wrapped(above, 2, columns || USUAL.columns, String, 0), ...lines]
      .filter((line) => line !== '')
      .map((line) => `${line}\n`);
    terminal.write(erase() + text.join(''));
    drawn = lines.length;
    drawnAt = now();
  };
  const scroll = plainReporter(coming.total, draw, now, labelOf);
  return {
    onEvent(event) {
      table.update(event);
      scroll.onEvent(event);
      if (now() - drawnAt >= REDRAW_MS) draw('');
    },
    close() {
      terminal.write(erase());
      drawn = 0;
    },
  };
}
