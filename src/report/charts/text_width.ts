// How wide text is in a common sans-serif font: Vega lays out legends and axes by it, and no browser is there to ask.

import { displayWidth } from '../../util/display_width.ts';

const NARROW = new Set("iljftrI.,:;|!'()[]{}/\\ ");
const WIDE = new Set('mwMW@%★—');

/** In pixels, on the generous side. Vega's own guess is half as much again, and differs where a canvas is installed. */
export function textWidth(text: string, fontSize: number): number {
  let ems = 0;
  for (const character of text) {
    if (NARROW.has(character)) ems += 0.34;
    else if (WIDE.has(character)) ems += 0.9;
    else if (/[A-Z]/.test(character)) ems += 0.7;
    else ems += displayWidth(character) > 1 ? 1.05 : 0.58;
  }
  return ems * fontSize;
}
