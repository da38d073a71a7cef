// Text for a terminal of so many columns.

import { stripVTControlCharacters } from 'node:util';

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
    if (line === '' || stripVTControlCharacters(longer).length <= room) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
    room = columns - indent;
  }
  return [...lines, line].map(style).join(`\n${' '.repeat(indent)}`);
}
