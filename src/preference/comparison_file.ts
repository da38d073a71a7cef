// The dataset of a file of comparisons: its rows rendered as pairs, cut to length and split once at the start.

import type { Message, Renderer } from '../renderers/types.ts';
import { batchedDataset } from '../supervised/batches.ts';
import { datumFromModelInputWeights } from '../supervised/common.ts';
import { namedRows, type RowPlace, readRows } from '../supervised/data/rows.ts';
import { renderRow } from '../supervised/render_row.ts';
import { type RowPart, renderingOf, splitRows } from '../supervised/split_rows.ts';
import type { DatasetContext } from '../supervised/types.ts';
import { modelInputFromTokens } from '../tinker/types.ts';
import { DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import type { ComparisonFileParams } from './comparison_params.ts';
import { comparisonReader } from './rows.ts';
import type { LabeledComparison, PreferenceDataset, PreferenceDatasets, PreferencePair } from './types.ts';

/** A prompt and one completion, rendered; in typed arrays, a third of the memory of a datum. */
export interface Sequence {
  tokens: Int32Array;
  weights: Float32Array;
}

interface RenderedPair {
  chosen: Sequence;
  rejected: Sequence;
  tie: boolean;
}

/** Everything that can be wrong with the data shows here, before training begins. */
export async function comparisonFileDatasets(
  params: ComparisonFileParams,
  context: DatasetContext,
): Promise<PreferenceDatasets> {
  const rendering = renderingOf(params, context, 'comparisons');
  const { train, test } = await splitRows(params, context, (file) =>
    loadPairs(file, params, { ...context, ...rendering }),
  );
  return { train: datasetOf(train, params), test: test === null ? null : datasetOf(test, params) };
}

function datasetOf(
  { rows, file, shuffleSeeds }: RowPart<RenderedPair | null>,
  { batch_size: batchSize }: ComparisonFileParams,
): PreferenceDataset {
  const pairs = rows.filter((row) => row !== null);
  if (pairs.length === 0) {
    throw new DataValidationError(
      `${shortPath(file)}: no comparison is left of which both completions can be trained on`,
      {
        hint: 'The warnings say why rows were left out; look at max_length.',
      },
    );
  }
  return batchedDataset({
    length: pairs.length,
    exampleAt: (index) => pairOf(pairs[index]),
    batchSize,
    shuffleSeeds,
  });
}

function pairOf({ chosen, rejected, tie }: RenderedPair): PreferencePair {
  const datum = ({ tokens, weights }: Sequence) =>
    datumFromModelInputWeights(modelInputFromTokens([...tokens]), weights, { reduction: 'none' });
  return { chosen: datum(chosen), rejected: datum(rejected), tie };
}

/** One entry a row of the file; null where nothing of one completion can be trained on, which a warning then tells. */
async function loadPairs(
  file: string,
  params: ComparisonFileParams,
  { renderer, maxLength, warn, notify, signal }: DatasetContext & { renderer: Renderer; maxLength: number },
): Promise<(RenderedPair | null)[]> {
  const read = comparisonReader(params);
  const cutShort: RowPlace[] = [];
  const cutAway: RowPlace[] = [];
  const rows = await readRows(
    file,
    { onBadRow: params.on_bad_row, warn, notify, signal },
    (row, place): RenderedPair | null => {
      const whole = renderComparison(read(row), renderer);
      const sides = [whole.chosen, whole.rejected];
      const isCut = sides.some(({ tokens }) => tokens.length > maxLength);
      const isLost = sides.some(({ weights }) => weights.findIndex((weight) => weight > 0) >= maxLength);
      if (isCut) (isLost ? cutAway : cutShort).push(place);
      const cut = ({ tokens, weights }: Sequence): Sequence => ({
        tokens: tokens.slice(0, maxLength),
        weights: weights.slice(0, maxLength),
      });
      return isLost ? null : { chosen: cut(whole.chosen), rejected: cut(whole.rejected), tie: whole.tie };
    },
  );
  const share = (count: number) => `${shortPath(file)}: ${count} of ${rows.length} comparisons`;
  if (cutShort.length > 0) warn(`${share(cutShort.length)} cut to max_length ${maxLength} (${namedRows(cutShort)})`);
  if (cutAway.length > 0) {
    warn(
      `${share(cutAway.length)} left out, with a completion that begins beyond max_length ${maxLength} (${namedRows(cutAway)})`,
    );
  }
  return rows;
}

/** A completion begins behind the prompt: only its replies count, and none of the prompt. */
export function renderComparison({ comparison, label }: LabeledComparison, renderer: Renderer): RenderedPair {
  const { prompt_conversation: prompt, completion_A, completion_B } = comparison;
  const side = (completion: readonly Message[]): Sequence => {
    const messages = [
      ...prompt.map((message) => ({ ...message, trainable: false })),
      ...completion.map((message) => ({ ...message, trainable: message.role === 'assistant' })),
    ];
    const { tokens, weights } = renderRow({ messages, ignored: [] }, { renderer, trainOnWhat: 'customized' });
    if (!weights.some((weight) => weight > 0)) throw new DataValidationError('a completion has no token to train on');
    return { tokens: Int32Array.from(tokens), weights: Float32Array.from(weights) };
  };
  const [A, B] = [side(completion_A), side(completion_B)];
  return label === 'B' ? { chosen: B, rejected: A, tie: false } : { chosen: A, rejected: B, tie: label === 'Tie' };
}
