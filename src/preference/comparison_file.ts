// The dataset of a file of comparisons: its rows rendered as pairs, cut to length and split once at the start.

import type { Message, Renderer } from '../renderers/types.ts';
import { datumFromModelInputWeights } from '../supervised/common.ts';
import { namedRows, type RowPlace, readRows } from '../supervised/data/rows.ts';
import { renderRow } from '../supervised/render_row.ts';
import type { DatasetContext } from '../supervised/types.ts';
import { modelInputFromTokens } from '../tinker/types.ts';
import { ConfigurationError, DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { permutation } from '../util/permutation.ts';
import type { ComparisonFileParams } from './comparison_params.ts';
import { comparisonReader } from './rows.ts';
import type { LabeledComparison, PreferenceDataset, PreferenceDatasets, PreferencePair } from './types.ts';

/** A prompt and one completion, rendered; in typed arrays, a third of the memory of a datum. */
interface Sequence {
  tokens: Int32Array;
  weights: Float32Array;
}

interface RenderedPair {
  chosen: Sequence;
  rejected: Sequence;
  tie: boolean;
}

/**
 * Everything that can be wrong with the data shows here, before training begins. The held-out rows depend on the file and
 * `shuffle_seed` alone, so that runs which differ in seed, length or renderer are measured on the same comparisons.
 */
export async function comparisonFileDatasets(
  params: ComparisonFileParams,
  context: DatasetContext,
): Promise<PreferenceDatasets> {
  const { file_path: file, test_size: testSize, test_file_path: testFile, shuffle_seed: shuffleSeed } = params;
  const { renderer, maxContextLength } = context;
  if (renderer === null) throw new ConfigurationError('comparisons need a renderer: set renderer, e.g. role_colon');
  if (testFile !== null && testSize > 0)
    throw new ConfigurationError('test_size and test_file_path both name a held-out set: leave one out');
  const maxLength = params.max_length ?? maxContextLength;
  if (maxLength > maxContextLength)
    throw new ConfigurationError(
      `max_length ${maxLength} is more than the ${maxContextLength} tokens that the model takes`,
    );
  const load = (path: string) => loadPairs(path, params, { ...context, renderer, maxLength });
  const rows = await load(file);
  if (testSize >= rows.length)
    throw new DataValidationError(
      `${shortPath(file)}: test_size ${testSize} leaves none of its ${rows.length} rows to train on`,
      { hint: 'Set dataset.test_size=0, or hold out fewer rows.' },
    );
  const order = shuffleSeed === null ? rows.map((_, index) => index) : permutation(rows.length, [shuffleSeed]);
  const heldOut = testFile === null ? order.slice(0, testSize).map((index) => rows[index]) : await load(testFile);
  const train = order.slice(testSize).map((index) => rows[index]);
  const seeds = shuffleSeed === null ? null : [context.seed, shuffleSeed];
  return {
    train: datasetOf(train, file, { batchSize: params.batch_size, seeds }),
    test:
      heldOut.length === 0 ? null : datasetOf(heldOut, testFile ?? file, { batchSize: params.batch_size, seeds: null }),
  };
}

/** The last batch of an epoch holds what is left over. */
function datasetOf(
  rows: readonly (RenderedPair | null)[],
  file: string,
  { batchSize, seeds }: { batchSize: number; seeds: readonly number[] | null },
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
  const orderOf = (epoch: number) =>
    seeds === null ? pairs.map((_, index) => index) : permutation(pairs.length, [...seeds, epoch]);
  let order = orderOf(0);
  return {
    length: Math.ceil(pairs.length / batchSize),
    async getBatch(index) {
      return order.slice(index * batchSize, (index + 1) * batchSize).map((at) => pairOf(pairs[at]));
    },
    setEpoch(epoch) {
      order = orderOf(epoch);
    },
  };
}

function pairOf({ chosen, rejected, tie }: RenderedPair): PreferencePair {
  const datum = ({ tokens, weights }: Sequence) =>
    datumFromModelInputWeights(modelInputFromTokens([...tokens]), weights, { reduction: 'none' });
  return { chosen: datum(chosen), rejected: datum(rejected), tie };
}

/** One entry a row of the file; null where nothing of one completion can be trained on, which a warning then tells. */
async function loadPairs(
  file: string,
  { format, on_bad_row: onBadRow }: ComparisonFileParams,
  { renderer, maxLength, warn, notify, signal }: DatasetContext & { renderer: Renderer; maxLength: number },
): Promise<(RenderedPair | null)[]> {
  const read = comparisonReader(format);
  const cutShort: RowPlace[] = [];
  const cutAway: RowPlace[] = [];
  const rows = await readRows(file, { onBadRow, warn, notify, signal }, (row, place): RenderedPair | null => {
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
  });
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
