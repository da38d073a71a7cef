// The dataset of a split on the hub: rows stay on the disk, are read by windows of the epoch's order, and rendered when their
// step comes, so that data of any size begin at once and take the memory of one window.

import type { Datum } from '../tinker/types.ts';
import { ConfigurationError, DataValidationError } from '../util/errors.ts';
import { batchedDataset } from './batches.ts';
import { type RowOrder, rowOrder, type WindowBounds } from './data/row_order.ts';
import type { TableBlock } from './data/row_table.ts';
import type { HfDatasetParams } from './hf_dataset_params.ts';
import { SplitExamples } from './split_examples.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from './types.ts';

/** Of Parquet, which takes several times as much as rows; what is larger is shuffled window by window. */
const WINDOW: WindowBounds = { bytes: 2 ** 24, rows: 10_000 };
/** Rows in a row that cannot be trained on, after which nobody means these data. */
const MOST_PASSED_OVER = 1000;

export async function hfDatasets(params: HfDatasetParams, context: DatasetContext): Promise<SupervisedDatasets> {
  const {
    test_split: testSplit,
    test_size: testSize,
    shuffle_seed: shuffleSeed,
    split,
    batch_size: batchSize,
  } = params;
  if (testSplit === split)
    throw new ConfigurationError(`split and test_split are both ${split}: what is trained on is not held out`);
  const rows = await SplitExamples.open(split, params, context);
  const { blocks, length } = rows.table;
  const fixed = shuffleSeed === null ? null : [shuffleSeed];
  const heldOut = testSplit === null && testSize > 0 ? rowOrder(blocks, fixed, WINDOW) : null;
  if (heldOut !== null && testSize >= length) {
    throw new DataValidationError(
      `${params.path}: test_size ${testSize} leaves none of its ${length} rows to train on`,
      {
        hint: 'Set dataset.test_size=0, or hold out fewer rows.',
      },
    );
  }
  const without = new Set(
    Array.from({ length: heldOut === null ? 0 : testSize }, (_, at) => heldOut?.at(at).row ?? -1),
  );
  const orderOf = (epoch: number) =>
    rowOrder(blocks, shuffleSeed === null ? null : [context.seed, shuffleSeed, epoch], { ...WINDOW, without });
  const train = inWindows(rows, orderOf, batchSize);
  if (heldOut !== null) return { train, test: await inMemory(rows, heldOut, testSize, batchSize) };
  if (testSplit === null) return { train, test: null };
  const ofTest = await SplitExamples.open(testSplit, params, context);
  const count = testSize === 0 ? ofTest.table.length : Math.min(testSize, ofTest.table.length);
  return { train, test: await inMemory(ofTest, rowOrder(ofTest.table.blocks, fixed, WINDOW), count, batchSize) };
}

/** The batches of epochs. A row that cannot be trained on gives its place to the next that can. */
function inWindows(
  rows: SplitExamples,
  orderOf: (epoch: number) => RowOrder<TableBlock>,
  batchSize: number,
): SupervisedDataset {
  let [epoch, order] = [0, orderOf(0)];
  const { length } = order;
  const at = async (place: number) => {
    const now = order;
    const most = Math.min(MOST_PASSED_OVER, length);
    for (let passed = 0; passed < most; passed++) {
      const datum = await rows.datumAt(now, (place + passed) % length);
      if (datum !== null) return datum;
    }
    throw new DataValidationError(`${rows.name}: none of ${most} rows that follow one another can be trained on`, {
      hint: 'The warnings say why; look at max_length, train_on_what and columns.',
    });
  };
  return {
    length: Math.ceil(length / batchSize),
    getBatch(index) {
      const first = index * batchSize;
      const places = Array.from({ length: Math.min(batchSize, length - first) }, (_, offset) => first + offset);
      return Promise.all(places.map(at));
    },
    setEpoch(next) {
      if (next !== epoch) [epoch, order] = [next, orderOf(next)];
    },
    examples: { length, batchSize, at },
  };
}

/** Rows that are measured again and again. Those that cannot be are left out. */
async function inMemory(
  rows: SplitExamples,
  order: RowOrder<TableBlock>,
  count: number,
  batchSize: number,
): Promise<SupervisedDataset | null> {
  const data: Datum[] = [];
  for (let place = 0; place < count; place++) data.push(...[await rows.datumAt(order, place)].filter(isDatum));
  if (data.length === 0) return null;
  return batchedDataset({ length: data.length, exampleAt: (index) => data[index], batchSize, shuffleSeeds: null });
}

const isDatum = (datum: Datum | null): datum is Datum => datum !== null;
