// What the doctor found, as a person reads it.

import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { wrapped, wrappedText } from '../util/wrapped.ts';
import { depthLines } from './depth.ts';
import type { DoctorReport, FindingState } from './findings.ts';

const MARKS: Record<FindingState, string> = { fine: 'ok', found: 'FOUND', noted: 'note', skipped: '-' };
const MARK_WIDTH = 5;
const ID_WIDTH = 22;
const INDENT = MARK_WIDTH + ID_WIDTH + 4;

/** @param width that of the terminal: what is longer is broken between words, and goes on under its own column */
export function reportLines(
  { target, service, renderer, depth, findings }: DoctorReport,
  width = Number.POSITIVE_INFINITY,
): string[] {
  const found = findings.filter(({ state }) => state === 'found').length;
  const cell = (text: string) => {
    const words = text.trimStart();
    const inner = ' '.repeat(text.length - words.length);
    return inner + wrapped(printable(words), INDENT + inner.length, width);
  };
  return [
    wrappedText(printable(`${target}, renderer ${renderer.builder}, service ${service}`), width),
    '',
    'KL of sampler and trainer, in nats a token:',
    ...depthLines(depth).map((line) => `  ${line}`),
    '',
    ...findings.flatMap(({ id, state, message, detail = [], hint }) => [
      `${MARKS[state].padEnd(MARK_WIDTH)}  ${id.padEnd(ID_WIDTH)}  ${cell(message)}`,
      ...[...detail, ...(hint === undefined ? [] : [hint])].map((line) => `${' '.repeat(INDENT)}${cell(line)}`),
    ]),
    '',
    found === 0 ? 'Nothing is wrong.' : `${plural(found, 'thing')} to mend.`,
  ];
}
