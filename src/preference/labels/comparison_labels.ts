// The supervised dataset of a file of comparisons: each as a prompt that is answered with the label of the better completion
// (ChatDatasetBuilderFromComparisons of tinker_cookbook/preference).

import type { Renderer } from '../../renderers/types.ts';
import { batchedDataset } from '../../supervised/batches.ts';
import { namedRows, type RowPlace } from '../../supervised/data/rows.ts';
import { type RowPart, renderingOf, splitRows } from '../../supervised/split_rows.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from '../../supervised/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import { nextUniform, randomFor } from '../../util/random.ts';
import { startAll } from '../../util/start_all.ts';
import { readComparisons } from '../data/read_comparisons.ts';
import { comparedPairs, type PreferenceModel } from '../models/preference_model.ts';
import type { Comparison, PreferenceLabel } from '../types.ts';
import { labelPrompts } from './comparison_prompt.ts';
import { labelAccuracy } from './label_accuracy.ts';
import type { ComparisonLabelParams } from './label_params.ts';
import { type LabelQuestion, labelDatum, type RenderedComparison, renderOrders } from './label_question.ts';

/** Comparisons that the true rule is asked about at once. */
const RULED_AT_ONCE = 16;

/** Everything that can be wrong with the data shows here, before training begins. */
export async function comparisonLabelDatasets(
  params: ComparisonLabelParams,
  rule: PreferenceModel | null,
  context: DatasetContext,
): Promise<SupervisedDatasets> {
  const rendering = renderingOf(params, context, 'comparisons');
  const { train, test } = await splitRows(params, context, (file) =>
    loadComparisons(file, params, { ...context, ...rendering }),
  );
  const heldOut = test === null ? null : presentIn(test);
  const evaluators = heldOut === null ? [] : [labelAccuracy(await ruledComparisons(heldOut, rule, context))];
  return {
    train: trainingPart(train, params, context.seed),
    test: heldOut === null ? null : datasetOf(bothOrders(heldOut, params), { ...params, shuffleSeeds: null }),
    evaluators,
  };
}

interface Loaded extends Pick<RenderedComparison, 'orders'> {
  comparison: Comparison;
}

/** One entry a row of the file; null for a comparison that is too long, which a warning then tells. */
async function loadComparisons(
  file: string,
  params: ComparisonLabelParams,
  { renderer, maxLength, warn, notify, signal }: DatasetContext & { renderer: Renderer; maxLength: number },
): Promise<(Loaded | null)[]> {
  const promptOf = labelPrompts(renderer);
  const tooLong: RowPlace[] = [];
  const rows = await readComparisons(file, params, { warn, notify, signal }, (labeled, place) => {
    const orders = renderOrders(labeled, promptOf);
    const isTooLong = orders.some(({ prompt }) => prompt.length + 1 > maxLength);
    if (isTooLong) tooLong.push(place);
    return isTooLong ? null : { orders, comparison: labeled.comparison };
  });
  if (tooLong.length > 0) {
    warn(
      `${shortPath(file)}: ${tooLong.length} of ${rows.length} comparisons left out, longer than max_length ${maxLength} (${namedRows(tooLong)})`,
    );
  }
  return rows;
}

/** What the true rule says of those that are measured; of the others nobody asks. */
async function ruledComparisons(
  heldOut: readonly Loaded[],
  rule: PreferenceModel | null,
  { signal = new AbortController().signal }: Pick<DatasetContext, 'signal'>,
): Promise<RenderedComparison[]> {
  if (rule === null) return heldOut.map(({ orders }) => ({ orders, ruled: null }));
  const bounds = { most: RULED_AT_ONCE, signal };
  return await Promise.all(
    startAll(heldOut, bounds, async ({ orders, comparison }, _, signal): Promise<RenderedComparison> => {
      const { prompt_conversation, completion_A, completion_B } = comparison;
      const completions = [completion_A, completion_B];
      const [ruled] = await comparedPairs(rule, prompt_conversation, completions, [[0, 1]], { signal });
      return { orders, ruled };
    }),
  );
}

function presentIn({ rows, file }: RowPart<Loaded | null>): Loaded[] {
  const present = rows.filter((row) => row !== null);
  if (present.length > 0) return present;
  throw new DataValidationError(`${shortPath(file)}: no comparison is left that fits into max_length`);
}

/** Which order a comparison is shown in is a function of the seed and its place among the rows alone. */
function trainingPart(part: RowPart<Loaded | null>, params: ComparisonLabelParams, seed: number): SupervisedDataset {
  const random = randomFor(seed, 'order of comparisons');
  const drawn = part.rows.map(() => (nextUniform(random) < 0.5 ? 0 : 1));
  const examples = params.swap
    ? bothOrders(presentIn(part), params)
    : part.rows.flatMap((row, i) => (row === null ? [] : examplesOf(row.orders[drawn[i]], params)));
  if (examples.length === 0) presentIn(part);
  return datasetOf(examples, { ...params, shuffleSeeds: part.shuffleSeeds });
}

function bothOrders(rows: readonly Loaded[], params: ComparisonLabelParams): LabelExample[] {
  return rows.flatMap(({ orders }) => orders.flatMap((question) => examplesOf(question, params)));
}

interface LabelExample {
  question: LabelQuestion;
  label: PreferenceLabel;
  weight: number;
}

function examplesOf(question: LabelQuestion, { ties }: ComparisonLabelParams): LabelExample[] {
  const { label } = question;
  if (label !== 'Tie' || ties === 'label') return [{ question, label, weight: 1 }];
  return (['A', 'B'] as const).map((label) => ({ question, label, weight: 0.5 }));
}

function datasetOf(
  examples: readonly LabelExample[],
  { batch_size: batchSize, shuffleSeeds }: { batch_size: number; shuffleSeeds: readonly number[] | null },
): SupervisedDataset {
  return batchedDataset({
    length: examples.length,
    exampleAt: (index) => {
      const { question, label, weight } = examples[index];
      return labelDatum(question, label, weight);
    },
    batchSize,
    shuffleSeeds,
  });
}
