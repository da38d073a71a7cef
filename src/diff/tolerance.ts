// The tolerance of a comparison, as it is typed.

import { ConfigurationError } from '../util/errors.ts';

/** @throws ConfigurationError for what is no share between 0 and 1 */
export function parseTolerance(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new ConfigurationError(`--tolerance must be between 0 and 1, not "${text}"`, {
    hint: 'It is a share of the greater of two values: 0.01 is one percent.',
  });
}
