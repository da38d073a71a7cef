// Arguments and flags of several commands that open weights, and numbers that flags say as texts.

import { Flags } from '@oclif/core';
import { ConfigurationError } from '../util/errors.ts';

/** What the argument `target` names. */
export const WEIGHTS = 'Run directory, adapter or model directory, GGUF file, or a name on the hub (ORG/NAME).';

export const checkpointFlag = Flags.string({
  description: 'Of a run: final, best, or the name of a checkpoint; else the newest.',
});

export const pluginFlag = Flags.string({
  multiple: true,
  multipleNonGreedy: true,
  helpValue: 'FILE',
  description: 'A plugin with builders of its own; may be given several times.',
});

/** Of `--benchmark`. */
export const benchmarkFieldFlag = Flags.string({
  multiple: true,
  multipleNonGreedy: true,
  helpValue: 'FIELD=VALUE',
  description: 'A field of the benchmark; may be given several times.',
});

export const quietFlag = Flags.boolean({ char: 'q', description: 'Show the result, and no progress.' });

/** @throws ConfigurationError that names the flag */
export function notNegative(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new ConfigurationError(`${flag} must be a number that is not negative, not "${text}"`);
}
