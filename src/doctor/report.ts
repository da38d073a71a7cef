// What the doctor found, as a person reads it.

import { plural } from '../util/plural.ts';
import { depthLines } from './depth.ts';
import type { DoctorReport, FindingState } from './findings.ts';

const MARKS: Record<FindingState, string> = { fine: 'ok', found: 'FOUND', noted: 'note', skipped: '-' };
const MARK_WIDTH = 5;
const ID_WIDTH = 22;

export function reportLines({ target, service, renderer, depth, findings }: DoctorReport): string[] {
  const found = findings.filter(({ state }) => state === 'found').length;
  return [
    `${target}, renderer ${renderer.builder}, service ${service}`,
    '',
    'KL of sampler and trainer, in nats a token:',
    ...depthLines(depth).map((line) => `  ${line}`),
    '',
    ...findings.flatMap(({ id, state, message, detail = [], hint }) => [
      `${MARKS[state].padEnd(MARK_WIDTH)}  ${id.padEnd(ID_WIDTH)}  ${message}`,
      ...[...detail, ...(hint === undefined ? [] : [hint])].map(
        (line) => `${' '.repeat(MARK_WIDTH + ID_WIDTH + 4)}${line}`,
      ),
    ]),
    '',
    found === 0 ? 'Nothing is wrong.' : `${plural(found, 'thing')} to mend.`,
  ];
}
