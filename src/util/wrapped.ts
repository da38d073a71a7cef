// Text for a terminal of so many columns, broken between words.

import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from './display_width.ts';

/**
 * Text broken between words, its later lines indented like the place that it starts at (or at `start`). Escape codes take no
 * room; a word that is longer than a line stands alone on one.
 */
export function wrapped(
  text: string,
  indent: number,
  columns: number,
  style: (line: string) => string = String,
  start = indent,
): string {
  const lines: string[] = [];
  let room = columns - start;
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || widthOnScreen(longer) <= room) {
      line = longer;
      continue;
    }
    lines.push(line.trimEnd());
    line = word;
    room = columns - indent;
  }
  return [...lines, line].map(style).join(`\n${' '.repeat(indent)}`);
}

function widthOnScreen(text: string): number {
  return displayWidth(stripVTControlCharacters(text));
}

/** How wide the text of a stream may be: unlimited where no terminal shows it. */
export function widthOf({ isTTY, columns }: { isTTY?: boolean; columns?: number }): number {
  return isTTY === true ? columns || USUAL_COLUMNS : Number.POSITIVE_INFINITY;
}

/** A terminal may not say how wide it is. */
const USUAL_COLUMNS = 80;

/** Each line of a text that is too long, broken between words; what follows is indented further than its beginning. */
export function wrappedText(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => {
      if (widthOnScreen(line) <= columns) return line;
      const indent = line.length - line.trimStart().length;
      return ' '.repeat(indent) + wrapped(line.slice(indent), indent + 2, columns, String, indent);
    })
    .join('\n');
}
