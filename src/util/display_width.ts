// How wide a text is on a terminal, and as much of it as fits.

/** Columns that a terminal gives to a text: two for East Asian wide characters and emoji, none for what combines. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const { segment } of SEGMENTER.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** As much of a text as fits so many columns, from its start or up to its end, with an ellipsis where it was cut. */
export function fitted(text: string, columns: number, keep: 'start' | 'end' = 'start'): string {
  // Longer than anything that fits: texts may be as long as a model's context.
  const most = 16 * columns;
  if (text.length <= most && displayWidth(text) <= columns) return text;
  const near = keep === 'start' ? text.slice(0, most) : text.slice(-most);
  const segments = Array.from(SEGMENTER.segment(near), ({ segment }) => segment);
  if (keep === 'end') segments.reverse();
  const kept: string[] = [];
  let width = 1;
  for (const segment of segments) {
    width += displayWidth(segment);
    if (width > columns) break;
    kept.push(segment);
  }
  return keep === 'start' ? `${kept.join('')}…` : `…${kept.reverse().join('')}`;
}

/** What nearly all cells are made of: no need to take them apart. */
const NARROW = /^[ -~─-█±—…★]*$/;
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** A grapheme that takes two columns. */
export const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}/u;
