// A loss as a row of documentation.

import type { LossSettings } from './loss_settings.ts';

export interface LossDoc {
  name: string;
  formula: string;
  /** `name default, …`; a dash where there are none. */
  settings: string;
  /** `arXiv 1707.06347`, or a dash. */
  source: string;
  /** When to use it. */
  doc: string;
}

/** What a table of losses knows of each. */
interface LossRow {
  name: string;
  formula: string;
  settings: LossSettings;
  source: string | null;
  doc: string;
}

export function lossDoc({ name, formula, settings, source, doc }: LossRow): LossDoc {
  return { name, formula, settings: settingsText(settings), source: source === null ? '–' : `arXiv ${source}`, doc };
}

function settingsText(settings: LossSettings): string {
  const texts = Object.entries(settings).map(([name, { default: value }]) => `\`${name}\` ${value ?? 'none'}`);
  return texts.length === 0 ? '–' : texts.join(', ');
}
