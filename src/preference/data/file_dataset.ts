// Datasets of files of preferences: rows rendered once as pairs, cut to length, and split at the start.

import type { Message, Renderer } from '../../renderers/types.ts';
import { batchedDataset } from '../../supervised/batches.ts';
import { datumFromModelInputWeights } from '../../supervised/common.ts';
import type { OnBadRow } from '../../supervised/data/options.ts';
import { namedRows, type RowPlace } from '../../supervised/data/rows.ts';
import { renderRow } from '../../supervised/render_row.ts';
import { type RowPart, renderingOf, type SplitParams, splitRows } from '../../supervised/split_rows.ts';
import type { DatasetContext } from '../../supervised/types.ts';
import { modelInputFromTokens } from '../../tinker/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import type { PreferenceDataset, PreferenceDatasets, PreferencePair } from '../types.ts';

/** A prompt and one completion, rendered; in typed arrays, a third of the memory of a datum. */
export interface Sequence {
  tokens: Int32Array;
  weights: Float32Array;
}

/** One side is null for a completion that was judged by itself. */
export interface RenderedPair {
  chosen: Sequence | null;
  rejected: Sequence | null;
  tie: boolean;
}

export interface FileParams extends SplitParams {
  batch_size: number;
  max_length: number | null;
  on_bad_row: OnBadRow;
}

/** What of a file is a preference. */
export interface PreferenceFile {
  /** What a message calls several of them. */
  what: string;
  /** One entry each, with where it stands; null for a row that was skipped. */
  read(
    file: string,
    context: DatasetContext & { renderer: Renderer },
  ): Promise<({ pair: RenderedPair; place: RowPlace } | null)[]>;
}

/** Everything that can be wrong with the data shows here, before training begins. */
export async function preferenceDatasets(
  params: FileParams,
  context: DatasetContext,
  kind: PreferenceFile,
): Promise<PreferenceDatasets> {
  const { renderer, maxLength } = renderingOf(params, context, kind.what);
  const { train, test } = await splitRows(params, context, async (file) =>
    cutToLength(await kind.read(file, { ...context, renderer }), {
      file,
      maxLength,
      what: kind.what,
      warn: context.warn,
    }),
  );
  return { train: datasetOf(train, params, kind), test: test === null ? null : datasetOf(test, params, kind) };
}

function datasetOf(
  { rows, file, shuffleSeeds }: RowPart<RenderedPair | null>,
  { batch_size: batchSize }: FileParams,
  { what }: PreferenceFile,
): PreferenceDataset {
  const pairs = rows.filter((row) => row !== null);
  if (pairs.length === 0) {
    throw new DataValidationError(`${shortPath(file)}: none of the ${what} is left that can be trained on`, {
      hint: 'The warnings say why rows were left out; look at max_length.',
    });
  }
  return batchedDataset({
    length: pairs.length,
    exampleAt: (index) => pairOf(pairs[index]),
    batchSize,
    shuffleSeeds,
  });
}

function pairOf({ chosen, rejected, tie }: RenderedPair): PreferencePair {
  const datum = (sequence: Sequence | null) =>
    sequence === null
      ? null
      : datumFromModelInputWeights(modelInputFromTokens([...sequence.tokens]), sequence.weights, { reduction: 'none' });
  return { chosen: datum(chosen), rejected: datum(rejected), tie };
}

/** Null where nothing of one completion can be trained on, which a warning then tells. */
function cutToLength(
  read: readonly ({ pair: RenderedPair; place: RowPlace } | null)[],
  { file, maxLength, what, warn }: { file: string; maxLength: number; what: string; warn(message: string): void },
): (RenderedPair | null)[] {
  const cutShort: RowPlace[] = [];
  const cutAway: RowPlace[] = [];
  const cut = (sequence: Sequence | null): Sequence | null =>
    sequence === null
      ? null
      : { tokens: sequence.tokens.slice(0, maxLength), weights: sequence.weights.slice(0, maxLength) };
  const rows = read.map((row): RenderedPair | null => {
    if (row === null) return null;
    const { chosen, rejected, tie } = row.pair;
    const sides = [chosen, rejected].filter((side) => side !== null);
    const isCut = sides.some(({ tokens }) => tokens.length > maxLength);
    const isLost = sides.some(({ weights }) => weights.findIndex((weight) => weight > 0) >= maxLength);
    const short: RenderedPair = { chosen: cut(chosen), rejected: cut(rejected), tie };
    // What told the two apart was cut away.
    const isLike = isCut && short.chosen !== null && short.rejected !== null && areEqual(short.chosen, short.rejected);
    if (isCut) (isLost || isLike ? cutAway : cutShort).push(row.place);
    return isLost || isLike ? null : short;
  });
  const share = (count: number) => `${shortPath(file)}: ${count} of ${rows.length} ${what}`;
  if (cutShort.length > 0) warn(`${share(cutShort.length)} cut to max_length ${maxLength} (${namedRows(cutShort)})`);
  if (cutAway.length > 0) {
    warn(
      `${share(cutAway.length)} left out, of which max_length ${maxLength} leaves nothing to learn (${namedRows(cutAway)})`,
    );
  }
  return rows;
}

/** A template may leave out what tells two completions apart, such as white space at their ends. */
export function alikeProblem(a: Sequence, b: Sequence): DataValidationError | null {
  if (!areEqual(a, b)) return null;
  return new DataValidationError('both completions are the same tokens, so there is nothing to prefer', {
    hint: 'Leave such rows out; on_bad_row: skip does, and counts them.',
  });
}

export function refuseAlike(a: Sequence, b: Sequence): void {
  const problem = alikeProblem(a, b);
  if (problem !== null) throw problem;
}

function areEqual(a: Sequence, b: Sequence): boolean {
  return Buffer.from(a.tokens.buffer).equals(Buffer.from(b.tokens.buffer));
}

/** Only the replies of the completion count, and none of the prompt. */
export function renderCompletion(
  prompt: readonly Message[],
  completion: readonly Message[],
  renderer: Renderer,
): Sequence {
  const messages = [
    ...prompt.map((message) => ({ ...message, trainable: false })),
    ...completion.map((message) => ({ ...message, trainable: message.role === 'assistant' })),
  ];
  const { tokens, weights } = renderRow({ messages, ignored: [] }, { renderer, trainOnWhat: 'customized' });
  if (!weights.some((weight) => weight > 0)) throw new DataValidationError('a completion has no token to train on');
  return { tokens: Int32Array.from(tokens), weights: Float32Array.from(weights) };
}
