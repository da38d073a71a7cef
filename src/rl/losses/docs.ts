// Every loss as a row of documentation: the tables of docs/losses.md.

import { LOSS_FUNCTIONS } from '../../tinker/loss_functions.ts';
import type { LossSettings } from '../../tinker/loss_settings.ts';
import { CUSTOM_LOSSES } from './table.ts';

export interface LossDoc {
  name: string;
  kind: 'service' | 'custom';
  formula: string;
  /** `name default, …`; a dash where there are none. */
  settings: string;
  /** `arXiv 1707.06347`, or a dash. */
  source: string;
  /** When to use it. */
  doc: string;
}

export function lossDocs(): LossDoc[] {
  const service = Object.entries(LOSS_FUNCTIONS).map(([name, row]) => ({ name, kind: 'service' as const, ...row }));
  const custom = CUSTOM_LOSSES.map((row) => ({ kind: 'custom' as const, ...row }));
  return [...service, ...custom].map(({ name, kind, formula, settings, source, doc }) => ({
    name,
    kind,
    formula,
    settings: settingsText(settings),
    source: source === null ? '–' : `arXiv ${source}`,
    doc,
  }));
}

function settingsText(settings: LossSettings): string {
  const texts = Object.entries(settings).map(([name, { default: value }]) => `\`${name}\` ${value ?? 'none'}`);
  return texts.length === 0 ? '–' : texts.join(', ');
}
