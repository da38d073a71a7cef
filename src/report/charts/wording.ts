// How charts call configurations, values and numbers: as the tables of the report do.

import { parseAt } from '../../run_files/objective.ts';
import type { JsonValue } from '../../util/json.ts';
import { plural } from '../../util/plural.ts';
import { printable } from '../../util/printable.ts';
import { shortened } from '../../util/text.ts';
import { formatExact, formatNumber } from '../format.ts';
import type { Study } from '../study/study.ts';

/** `learning_rate=0.003 lora_rank=16`, with a star before the best one. */
export function configurationLabel({ summary }: Study, configuration: number): string {
  const found = summary.configurations[configuration];
  if (found === undefined) return '';
  const settings = summary.shown.map((field) => `${printable(field)}=${valueLabel(found.fields[field] ?? null)}`);
  return short(`${found.best ? '★ ' : ''}${settings.join(' ')}`);
}

export const fieldLabel = (field: string): string => printable(field);

export function valueLabel(value: JsonValue): string {
  return short(formatExact(value));
}

export const numberLabel = formatNumber;

/** `last test/nll`: which value of the metric counts. */
export function objectiveLabel({ summary }: Study): string {
  const at = parseAt(summary.at);
  const when = at?.kind === 'step' ? ` at step ${at.step}` : '';
  return `${at?.kind === 'best' ? 'best ' : ''}${printable(summary.metric)}${when}`;
}

export function goalWords({ summary }: Study): string {
  return summary.goal === null ? '' : summary.goal === 'minimize' ? ' Less is better.' : ' More is better.';
}

/** What is left out, as a sentence; empty where nothing is. */
export function sampleWords(shown: number, all: number, what: string): string {
  return shown >= all ? '' : ` Shown are ${shown} of ${plural(all, what)}.`;
}

const LONGEST = 80;

const short = (text: string): string => shortened(text, LONGEST - 1);
