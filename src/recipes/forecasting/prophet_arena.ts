// Prophet Arena: snapshots of events, each with some markets that came true or did not, as questions split by time
// (tinker_cookbook/recipes/forecasting). Prices are not shown, and no event stands on both sides of the split.

import type { OnBadRow } from '../../supervised/data/options.ts';
import { readRows } from '../../supervised/data/rows.ts';
import { ConfigurationError, DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, numberOf, objectOf, textOf } from '../../util/json.ts';
import { permutation } from '../../util/permutation.ts';
import type { Decision, Decisions, DecisionsContext } from '../decisions/types.ts';
import { inField, textIn } from '../math/problem_file.ts';
import { structuredValue } from './python_literal.ts';

interface Market {
  event: string;
  submission: string;
  market: string;
  snapshot: number;
  close: number;
  decision: Decision;
}

/** The markets of one snapshot. @throws DataValidationError that names the field */
export function readSnapshot(row: JsonObject): Market[] {
  const event = textIn(row, 'event_ticker');
  const submission = textIn(row, 'submission_id');
  const title = textIn(row, 'title');
  const category = textIn(row, 'category');
  const [snapshot, close] = [timeIn(row, 'snapshot_time'), timeIn(row, 'close_time')];
  if (snapshot.at >= close.at) throw new DataValidationError('snapshot_time: must be before close_time');
  const markets = listIn(row, 'markets').map((name) => {
    if (typeof name === 'string' && name.trim() !== '') return name;
    throw new DataValidationError('markets: must be a list of texts');
  });
  const outcomes = structuredIn(row, 'market_outcome');
  if (!isJsonObject(outcomes)) throw new DataValidationError('market_outcome: must be an object');
  const material = sourcesText(listIn(row, 'sources'));
  return markets.map((market) => {
    const outcome = Object.hasOwn(outcomes, market) ? outcomes[market] : null;
    if (outcome !== 0 && outcome !== 1)
      throw new DataValidationError(`market_outcome: of ${JSON.stringify(market)} must be 0 or 1`);
    const text = [
      `Forecast whether this market will resolve YES using information available through ${snapshot.text}.`,
      `Event:\n${title}`,
      `Market:\n${market}`,
      `Reference material:\n${material}`,
      `Resolution criteria:\nThe market resolves YES if this condition occurs: ${market}.`,
      `Market close time: ${close.text}`,
    ].join('\n\n');
    const choices = ['yes', 'no'].map((label) => ({ label, description: null }));
    const target = outcome === 1 ? [1, 0] : [0, 1];
    const decision = { text, choices, target, truth: null, tags: ['prophet-arena', category] };
    return { event, submission, market, snapshot: snapshot.at, close: close.at, decision };
  });
}

function structuredIn(row: JsonObject, name: string) {
  const value = row[name];
  return typeof value === 'string' ? inField(name, () => structuredValue(value)) : (value ?? null);
}

function listIn(row: JsonObject, name: string) {
  const value = structuredIn(row, name);
  if (Array.isArray(value) && value.length > 0) return value;
  throw new DataValidationError(`${name}: must be a list with something in it`);
}

/** A time zone is required: which side of the split it is on must not depend on where it is read. */
function timeIn(row: JsonObject, name: string): { at: number; text: string } {
  const text = textIn(row, name);
  const at = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isFinite(at)) return { at, text: new Date(at).toISOString() };
  throw new DataValidationError(`${name}: must be a time with its zone, not ${JSON.stringify(text)}`);
}

function sourcesText(sources: readonly JsonValue[]): string {
  const read = sources.map((source, i) => {
    const { title, summary, ranking } = objectOf(source);
    return {
      rank: numberOf(ranking) ?? i + 1,
      title: textOf(title)?.trim() ?? '',
      summary: textOf(summary)?.trim() ?? '',
    };
  });
  const said = read.filter(({ title, summary }) => title !== '' || summary !== '');
  if (said.length === 0) throw new DataValidationError('sources: none of them says anything');
  return said
    .toSorted((a, b) => a.rank - b.rank || (a.title < b.title ? -1 : 1))
    .map(({ title, summary }, i) => `${i + 1}. ${title}\n${summary}`)
    .join('\n\n');
}

export interface ProphetArenaParams {
  file_path: string;
  split_date: string;
  max_train_questions: number | null;
  max_test_questions: number | null;
  on_bad_row: OnBadRow;
}

export async function readProphetArena(params: ProphetArenaParams, context: DecisionsContext): Promise<Decisions> {
  const split = Date.parse(`${params.split_date}T00:00:00Z`);
  if (Number.isNaN(split)) throw new ConfigurationError(`split_date: ${params.split_date} is no day`);
  const rows = await readRows(params.file_path, { ...context, onBadRow: params.on_bad_row }, readSnapshot);
  const markets = earliest(rows.flatMap((row) => row ?? []));
  const { train, test } = splitByTime(markets, split);
  if (train.length === 0 || test.length === 0)
    throw new DataValidationError(
      `${params.file_path}: split_date ${params.split_date} leaves ${train.length} questions to learn from and ${test.length} to hold out`,
    );
  return {
    train: someOf(train, params.max_train_questions).map(({ decision }) => decision),
    test: someOf(test, params.max_test_questions).map(({ decision }) => decision),
  };
}

/** Of a market that was seen several times the first snapshot, in the order of time. */
function earliest(all: readonly Market[]): Market[] {
  const ordered = all.toSorted(
    (a, b) => a.snapshot - b.snapshot || compare(a.submission, b.submission) || compare(a.market, b.market),
  );
  const first = new Map<string, Market>();
  for (const each of ordered) {
    const key = JSON.stringify([each.event, each.market]);
    if (!first.has(key)) first.set(key, each);
  }
  return [...first.values()];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Outcomes that are learned were known before any question that is held out was asked. */
function splitByTime(markets: readonly Market[], split: number): { train: Market[]; test: Market[] } {
  const events = new Map<string, { starts: number; closes: number }>();
  for (const { event, snapshot, close } of markets) {
    const { starts, closes } = events.get(event) ?? { starts: snapshot, closes: close };
    events.set(event, { starts: Math.min(starts, snapshot), closes: Math.max(closes, close) });
  }
  const has = (event: string, side: (times: { starts: number; closes: number }) => boolean) => {
    const times = events.get(event);
    return times !== undefined && side(times);
  };
  return {
    train: markets.filter(({ event }) => has(event, ({ closes }) => closes < split)),
    test: markets.filter(({ event }) => has(event, ({ starts }) => starts >= split)),
  };
}

/** The same ones for every seed, so that runs compare. */
function someOf(all: readonly Market[], most: number | null): Market[] {
  if (most === null || all.length <= most) return [...all];
  const chosen = new Set(permutation(all.length, [0]).slice(0, most));
  return all.filter((_, i) => chosen.has(i));
}
