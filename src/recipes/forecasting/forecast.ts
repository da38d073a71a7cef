// A forecast: how a probability is asked for, how it is read, and what it is worth (tinker_cookbook/recipes/forecasting).

import type { Message } from '../../renderers/types.ts';
import { ConfigurationError } from '../../util/errors.ts';
import type { Decision } from '../decisions/types.ts';

export const FORECAST_SCORES = ['brier', 'log'] as const;
export type ForecastScore = (typeof FORECAST_SCORES)[number];

export const FORECAST_INSTRUCTION = 'Output only the probability of YES as a number between 0 and 1.';

/** The question, and behind it how it is to be answered. */
export function forecastMessages({ text }: Pick<Decision, 'text'>, instruction: string): Message[] {
  return [{ role: 'user', content: instruction === '' ? text : `${text}\n\n${instruction}` }];
}

/** @throws ConfigurationError for a question that is not about one event that comes or does not */
export function requireTwoChoices(questions: readonly Decision[]): void {
  const other = questions.find(({ choices }) => choices.length !== 2);
  if (other === undefined) return;
  throw new ConfigurationError(
    `a forecast is of an event that comes or does not, and a question has ${other.choices.length} choices: ${other.text.slice(0, 80)}`,
    { hint: 'Learn such questions with the trainer decisions.' },
  );
}

const NUMBER =
  /^[*_]{0,3}\s*(?:(?:final answer|answer|forecast|probability of yes|probability)\s*[:=]\s*)?[*_]{0,3}\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)\s*(%?)\s*[*_]{0,3}\s*[.!]?\s*[*_]{0,3}$/i;

/** The probability in the last line that says anything, from 0 to 1; null for anything else. */
export function parseForecast(reply: string): number | null {
  const last = reply.split('\n').findLast((line) => line.trim() !== '');
  // Runs of blanks would be tried in all ways that they can be shared between the places that allow them.
  const plain = (last ?? '').trim().replaceAll(/\s+/g, ' ');
  const [, digits, percent] = NUMBER.exec(plain) ?? [];
  if (digits === undefined) return null;
  const value = Number(digits) / (percent === '%' ? 100 : 1);
  return value >= 0 && value <= 1 ? value : null;
}

/** No forecast is surer than this under the log score, so that one of 0 or 1 costs no more than all there is. */
const SUREST = 0.01;

/**
 * From 0 to 1: 1 − (p − y)², or 1 + log p(what happened) / log 100 with p from 0.01 to 0.99. In expectation neither is higher for any p
 * than for the true probability.
 */
export function forecastReward(score: ForecastScore, p: number, y: number): number {
  if (score === 'brier') return 1 - (p - y) ** 2;
  const bounded = Math.min(Math.max(p, SUREST), 1 - SUREST);
  const loss = -(y * Math.log(bounded) + (1 - y) * Math.log(1 - bounded));
  return 1 + loss / Math.log(SUREST);
}
