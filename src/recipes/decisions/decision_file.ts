// Decisions as they stand in files: every row is held against what is expected of it where it enters.

import type { FieldProblem } from '../../registry/builder.ts';
import { checkRowFile } from '../../supervised/check_rows.ts';
import type { OnBadRow } from '../../supervised/data/options.ts';
import { readRows } from '../../supervised/data/rows.ts';
import { ConfigurationError, DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf, textOf } from '../../util/json.ts';
import { permutation } from '../../util/permutation.ts';
import { textIn } from '../math/problem_file.ts';
import type { Choice, Decision, Decisions, DecisionsContext } from './types.ts';

const MOST_CHOICES = 26;

/** @throws DataValidationError that names the field */
export function readDecision(row: JsonObject): Decision {
  const text = textIn(row, 'text');
  const choices = choicesOf(row.choices);
  const labels = choices.map(({ label }) => label);
  const { category } = row;
  return {
    text,
    choices,
    target: targetOf(row, labels),
    truth: row.truth === undefined ? null : probabilitiesOf(row.truth, labels, 'truth'),
    tags: typeof category === 'string' && category !== '' ? [category] : [],
  };
}

function choicesOf(value: JsonValue | undefined): Choice[] {
  if (!Array.isArray(value)) throw new DataValidationError('choices: must be a list');
  const choices = value.map((each, i): Choice => {
    if (typeof each === 'string') return { label: each, description: null };
    const [label, description] = Array.isArray(each) ? each : [objectOf(each).label, objectOf(each).description];
    const name = textOf(label);
    if (name === null) throw new DataValidationError(`choices[${i}]: needs a label`);
    return { label: name, description: textOf(description) };
  });
  const labels = new Set(choices.map(({ label }) => label));
  if (choices.length < 2 || choices.length > MOST_CHOICES)
    throw new DataValidationError(`choices: there are ${choices.length}, not 2 to ${MOST_CHOICES}`);
  if (labels.size < choices.length) throw new DataValidationError('choices: two have one label');
  return choices;
}

function targetOf({ label, probabilities }: JsonObject, labels: readonly string[]): number[] {
  if (probabilities !== undefined) return probabilitiesOf(probabilities, labels, 'probabilities');
  const chosen = labels.indexOf(textOf(label) ?? '');
  if (chosen === -1) throw new DataValidationError(`label: must be one of ${labels.join(', ')}`);
  return labels.map((_, k) => (k === chosen ? 1 : 0));
}

/** Scaled to a sum of 1, as counts of votes are no probabilities yet. */
function probabilitiesOf(value: JsonValue, labels: readonly string[], field: string): number[] {
  if (!isJsonObject(value)) throw new DataValidationError(`${field}: must be {LABEL: number}`);
  const unknown = Object.keys(value).find((name) => !labels.includes(name));
  if (unknown !== undefined) throw new DataValidationError(`${field}: "${unknown}" is none of the choices`);
  const given = labels.map((label) => {
    const each = Object.hasOwn(value, label) ? value[label] : 0;
    if (typeof each === 'number' && Number.isFinite(each) && each >= 0) return each;
    throw new DataValidationError(`${field}.${label}: must be a number that is not negative`);
  });
  const total = given.reduce((sum, each) => sum + each, 0);
  if (total > 0 && Number.isFinite(total)) return given.map((each) => each / total);
  throw new DataValidationError(`${field}: must not all be 0`);
}

export interface DecisionFileParams {
  file_path: string;
  test_file_path: string | null;
  test_size: number;
  on_bad_row: OnBadRow;
}

/** What is held out of a file is the same for every seed, so that runs compare. */
export async function readDecisionFiles(
  { file_path, test_file_path, test_size, on_bad_row: onBadRow }: DecisionFileParams,
  context: DecisionsContext,
): Promise<Decisions> {
  const read = async (file: string) => {
    const rows = await readRows(file, { ...context, onBadRow }, readDecision);
    return rows.filter((row) => row !== null);
  };
  const all = await read(file_path);
  if (test_file_path !== null) {
    if (test_size > 0) throw new ConfigurationError('test_size and test_file_path both hold out: set one of them');
    return { train: all, test: await read(test_file_path) };
  }
  if (test_size >= all.length)
    throw new ConfigurationError(`test_size ${test_size} leaves none of ${all.length} decisions to learn from`);
  const held = new Set(permutation(all.length, [0]).slice(0, test_size));
  return { train: all.filter((_, i) => !held.has(i)), test: all.filter((_, i) => held.has(i)) };
}

/** For `cookbook validate`. */
export async function checkDecisionFiles(
  files: Readonly<Record<string, string | null>>,
  onBadRow: OnBadRow,
): Promise<FieldProblem[]> {
  const problems: FieldProblem[] = [];
  for (const [field, file] of Object.entries(files)) {
    if (file !== null) problems.push(...(await checkRowFile(field, file, readDecision, onBadRow)));
  }
  return problems;
}
