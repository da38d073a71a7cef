// What a run of the checks has found, as a table: which version of the SDK needs what, and whether it is there.

import { plural } from '../util/plural.ts';
import { wrapped } from '../util/wrapped.ts';
import type { Outcome } from './check.ts';
import type { Finding } from './suite.ts';
import { SDK_VERSIONS, type SdkVersion } from './versions.ts';

const COLUMNS = 80;
const CELLS: Record<Outcome['state'], string> = {
  passed: 'yes',
  failed: 'FAILS',
  unsupported: 'no',
  skipped: 'skipped',
};
const NAME_WIDTH = 32;
const CELL_WIDTH = 8;

const isMissing = ({ outcome: { state } }: Finding) => state === 'failed' || state === 'unsupported';

/** What stands in the way of each version. */
export function missingBy(findings: readonly Finding[]): Record<SdkVersion, string[]> {
  const missing = (version: SdkVersion) =>
    findings.filter((finding) => isMissing(finding) && finding.needed.includes(version)).map(({ id }) => id);
  return {
    '0.16.1': missing('0.16.1'),
    '0.18.2': missing('0.18.2'),
    '0.22.0': missing('0.22.0'),
    '0.24.1': missing('0.24.1'),
    '0.25.0': missing('0.25.0'),
    '0.38.0': missing('0.38.0'),
  };
}

/** Whether nothing is missing that some version needs, and nothing is done that is wrong. */
export const isSound = (findings: readonly Finding[]): boolean =>
  !findings.some((finding) => finding.outcome.state === 'failed' || (isMissing(finding) && finding.needed.length > 0));

/** @param isWhole whether all checks have run: a version that some were left out of may lack what they would have found */
export function reportLines(findings: readonly Finding[], isWhole = true): string[] {
  const needed = findings.filter((finding) => finding.needed.length > 0);
  const optional = findings.filter((finding) => finding.needed.length === 0);
  const missing = missingBy(findings);
  return [
    row('needed by SDK', [...SDK_VERSIONS]),
    ...needed.map(({ id, needed: versions, outcome }) =>
      row(
        id,
        SDK_VERSIONS.map((version) => (versions.includes(version) ? CELLS[outcome.state] : '·')),
      ),
    ),
    row(
      'works',
      SDK_VERSIONS.map((version) => (missing[version].length > 0 ? 'NO' : isWhole ? 'yes' : '?')),
    ),
    ...(optional.length === 0 ? [] : ['', 'needed by no SDK']),
    ...optional.map(({ id, outcome }) =>
      row(id, [CELLS[outcome.state]], 'extras/sparse-targets-of-prompts'.length + 2),
    ),
    ...reasons('Fails', findings, 'failed'),
    ...reasons('Is not there', findings, 'unsupported'),
    ...reasons('Could not be checked', findings, 'skipped'),
    '',
    summary(findings),
  ];
}

function row(name: string, cells: readonly string[], width = NAME_WIDTH): string {
  return `${name.padEnd(width)}${cells.map((cell) => cell.padEnd(CELL_WIDTH)).join('')}`.trimEnd();
}

/** Why, in the words of the service where it is these. */
function reasons(title: string, findings: readonly Finding[], state: Outcome['state']): string[] {
  const lines = findings.flatMap(({ id, shows, outcome }) => {
    if (outcome.state !== state || outcome.state === 'passed') return [];
    const claim = state === 'failed' ? [wrapped(`It should be that ${shows}.`, 4, COLUMNS)] : [];
    return [`  ${id}`, ...[...claim, wrapped(outcome.reason, 4, COLUMNS)].map((text) => `    ${text}`)];
  });
  return lines.length === 0 ? [] : ['', title, ...lines.flatMap((text) => text.split('\n'))];
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Outcome['state']) => findings.filter(({ outcome }) => outcome.state === state).length;
  const parts = [
    `${count('passed')} passed`,
    ...(['failed', 'unsupported', 'skipped'] as const).flatMap((state) =>
      count(state) === 0 ? [] : [`${count(state)} ${state}`],
    ),
  ];
  return `${plural(findings.length, 'check')}: ${parts.join(', ')}.`;
}
