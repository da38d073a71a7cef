// Text in the cells of a table that is too wide: broken where names and paths have their joints.

import { displayWidth } from './display_width.ts';

/** Lines of at most so many columns, broken behind a space or one of `/,:=-` where there is one, else behind `_`, else anywhere. */
export function folded(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (displayWidth(rest) > columns) {
    const end = endOfLine(rest, columns);
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });

function endOfLine(text: string, columns: number): number {
  let [end, width, joint, underscore] = [0, 0, 0, 0];
  for (const { segment } of SEGMENTER.segment(text)) {
    width += displayWidth(segment);
    if (width > columns && end > 0) break;
    end += segment.length;
    if (/[\s/,:=-]/.test(segment)) joint = end;
    if (segment === '_') underscore = end;
  }
  // A joint right at the beginning would leave a line that is nearly empty.
  return text[end] === ' ' ? end : ([joint, underscore].find((place) => place > end / 3) ?? end);
}
