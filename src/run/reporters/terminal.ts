// Run events on a terminal: what is worth keeping scrolls by, and one line below it, drawn anew at every step, shows how far the run is.

import type { Colors } from 'picocolors/types.js';
import type { Headline } from '../../registry/headline.ts';
import { printable, printableScreen } from '../../util/printable.ts';
import { wrappedText } from '../../util/wrapped.ts';
import type { RunEvent, RunListener } from '../events.ts';
import { type Progress, progressBar, progressMeter } from '../progress.ts';
import { describeEvent } from './plain.ts';

const CLEAR_LINE = '\r\u001b[2K';
const BAR_CELLS = 20;

interface Terminal {
  write(text: string): unknown;
  /** 0 where the terminal does not say. */
  columns: number;
}

const USUAL_COLUMNS = 80;

/** `now` is in milliseconds. */
export function terminalReporter(terminal: Terminal, colors: Colors, now?: () => number): RunListener {
  let measure = progressMeter([], now);
  let headline: readonly Headline[] = [];
  let live = '';
  return (event) => {
    if (event.type === 'attempt') {
      headline = event.headline;
      measure = progressMeter(headline, now);
    }
    if (event.type === 'step') {
      live = progressLine(measure(event), terminal.columns || USUAL_COLUMNS);
      terminal.write(CLEAR_LINE + live);
      return;
    }
    const lines = paint(event, colors, headline);
    // The last state of the bar stays on screen when the run ends; above that, lines are put in before it.
    const isEnd = event.type === 'finished' || event.type === 'failed';
    const text = lines.map((line) => `${wrappedText(line, terminal.columns || USUAL_COLUMNS)}\n`).join('');
    // From the start of the line: Ctrl-C leaves its echo there.
    if (live === '') terminal.write(text === '' ? '' : CLEAR_LINE + text);
    else terminal.write(isEnd ? `\n${text}` : CLEAR_LINE + text + live);
  };
}

/** As many parts as fit the width, the important ones first: a line that wraps cannot be redrawn. */
function progressLine({ step, total_steps, parts }: Progress, columns: number): string {
  let line = `${progressBar(step, total_steps, BAR_CELLS)} ${step}/${total_steps}`;
  for (const part of parts.map(printable)) {
    if (line.length + part.length + 2 >= columns) break;
    line += `  ${part}`;
  }
  return line.slice(0, columns - 1);
}

function paint(event: Exclude<RunEvent, { type: 'step' }>, colors: Colors, headline: readonly Headline[]): string[] {
  switch (event.type) {
    case 'text':
      return [colors.bold(printable(event.title)), ...event.text.split('\n').map(printableScreen)];
    case 'evaluation':
      return describeEvent(event, headline).map(colors.cyan);
    case 'warning':
      return describeEvent(event).map(colors.yellow);
    case 'failed':
      return describeEvent(event).map(colors.red);
    case 'attempt':
    case 'started':
    case 'checkpoint':
    case 'notice':
      return describeEvent(event).map(colors.dim);
    case 'finished':
      return []; // the last screen follows and says it better
  }
}
