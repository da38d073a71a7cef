// A sweep on a terminal: what is worth keeping scrolls by, and below it a table is drawn anew as the runs go on.

import { LiveTable } from './live_table.ts';
import { plainReporter, type SweepListener } from './plain.ts';

interface Terminal {
  write(text: string): unknown;
  columns: number;
  rows: number;
}

/** Drawing more often than anybody reads would take time from the runs. */
const REDRAW_MS = 100;

/** `now` is in milliseconds. */
export function terminalReporter(total: number, terminal: Terminal, now: () => number): SweepListener {
  const table = new LiveTable(total, now);
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = (above: string) => {
    const lines = table.lines(terminal.columns - 1, terminal.rows - 1);
    const erase = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`;
    terminal.write(
      erase +
        [above, ...lines]
          .filter((line) => line !== '')
          .map((line) => `${line}\n`)
          .join(''),
    );
    drawn = lines.length;
    drawnAt = now();
  };
  const scroll = plainReporter(total, draw, now);
  return (event) => {
    table.update(event);
    scroll(event);
    if (now() - drawnAt >= REDRAW_MS) draw('');
  };
}
