// The dataset of a conversations file: JSON Lines with `messages`, rendered, cut to length and split once at the start.

import type { Renderer, TrainOnWhat } from '../renderers/types.ts';
import { modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import { ConfigurationError, DataValidationError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { batchedDataset } from './batches.ts';
import { datumFromModelInputWeights, type Reduction } from './common.ts';
import { type ConversationRow, parseConversation } from './conversation.ts';
import { namedLines, type OnBadRow, readRows } from './rows.ts';
import { permutation } from './shuffle.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from './types.ts';

export interface ConversationFileParams {
  file_path: string;
  batch_size: number;
  max_length: number | null;
  train_on_what: TrainOnWhat;
  test_size: number;
  test_file_path: string | null;
  /** Rows of that file to use, from the first; null or absent: all. */
  num_test_examples?: number | null;
  shuffle_seed: number | null;
  on_bad_row: OnBadRow;
  reduction: Reduction;
}

/** How a row becomes a conversation. */
export type RowParser = (row: JsonObject) => ConversationRow;

/** One rendered conversation, cut to length; kept in typed arrays, a third of the memory of datums. */
interface Example {
  tokens: Int32Array;
  weights: Float32Array;
}

/**
 * Everything that can be wrong with the data shows here, before training begins. The held-out rows depend on the file and
 * `shuffle_seed` alone, so that runs which differ in seed, length or renderer are measured on the same conversations.
 */
export async function conversationFileDatasets(
  params: ConversationFileParams,
  context: DatasetContext,
  parseRow: RowParser = parseConversation,
): Promise<SupervisedDatasets> {
  const { file_path: file, test_size: testSize, test_file_path: testFile, shuffle_seed: shuffleSeed } = params;
  const { renderer, maxContextLength } = context;
  if (renderer === null) throw new ConfigurationError('conversations need a renderer: set renderer, e.g. role_colon');
  if (testFile !== null && testSize > 0)
    throw new ConfigurationError('test_size and test_file_path both name a held-out set: leave one out');
  const maxLength = params.max_length ?? maxContextLength;
  if (maxLength > maxContextLength)
    throw new ConfigurationError(
      `max_length ${maxLength} is more than the ${maxContextLength} tokens that the model takes`,
    );

  const load = (path: string) => loadExamples(path, params, { renderer, maxLength, parseRow, warn: context.warn });
  const rows = await load(file);
  if (testSize >= rows.length)
    throw new DataValidationError(`${file}: test_size ${testSize} leaves none of its ${rows.length} rows to train on`);
  const order = shuffleSeed === null ? rows.map((_, index) => index) : permutation(rows.length, [shuffleSeed]);
  const heldOut =
    testFile === null
      ? order.slice(0, testSize).map((index) => rows[index])
      : (await load(testFile)).slice(0, params.num_test_examples ?? undefined);
  const train = order.slice(testSize).map((index) => rows[index]);
  return {
    train: datasetOf(train, file, params, shuffleSeed === null ? null : [context.seed, shuffleSeed]),
    test: heldOut.length === 0 ? null : datasetOf(heldOut, testFile ?? file, params, null),
  };
}

function datasetOf(
  rows: (Example | null)[],
  file: string,
  { batch_size: batchSize, reduction }: ConversationFileParams,
  shuffleSeeds: readonly number[] | null,
): SupervisedDataset {
  const examples = rows.filter((row) => row !== null);
  if (examples.length === 0) {
    throw new DataValidationError(`${file}: no conversation is left that has a token to train on`, {
      hint: 'The warnings say why rows were left out; look at max_length and train_on_what.',
    });
  }
  return batchedDataset({
    length: examples.length,
    datumAt: (index) => {
      const { tokens, weights } = examples[index];
      return datumFromModelInputWeights(modelInputFromTokens([...tokens]), weights, { reduction });
    },
    batchSize,
    shuffleSeeds,
  });
}

/** One entry a row of the file; null where nothing of it can be trained on, which a warning then tells. */
async function loadExamples(
  file: string,
  { train_on_what: trainOnWhat, on_bad_row: onBadRow }: ConversationFileParams,
  {
    renderer,
    maxLength,
    parseRow,
    warn,
  }: { renderer: Renderer; maxLength: number; parseRow: RowParser; warn(message: string): void },
): Promise<(Example | null)[]> {
  const untrained: number[] = [];
  const cutShort: number[] = [];
  const cutAway: number[] = [];
  const ignoredFields = new Set<string>();
  const omitted: number[] = [];
  let rewritten = 0;

  const rows = await readRows(file, { onBadRow, warn }, (row, line): Example | null => {
    const { messages, ignored } = parseRow(row);
    for (const field of ignored) ignoredFields.add(field);
    const { model_input, weights, omitted: leftOut = [] } = renderer.buildSupervisedExample(messages, trainOnWhat);
    // Reasoning in the history is left out by design.
    if (leftOut.some((path) => !path.endsWith('.reasoning'))) omitted.push(line);
    const tokens = tokensOf(model_input);
    // The first token has nothing before it to be predicted from.
    const firstTrained = weights.findIndex((weight, position) => position > 0 && weight > 0);
    if (firstTrained === -1) {
      untrained.push(line);
      return null;
    }
    if (tokens.length > maxLength) (firstTrained < maxLength ? cutShort : cutAway).push(line);
    if (firstTrained >= maxLength) return null;
    if (!renderer.hasExtensionProperty && messages.filter(({ role }) => role === 'assistant').length > 1)
      rewritten += 1;
    return {
      tokens: Int32Array.from(tokens.slice(0, maxLength)),
      weights: Float32Array.from(weights.slice(0, maxLength)),
    };
  });

  const share = (count: number) => `${count} of ${rows.length} conversations`;
  if (untrained.length > 0) {
    warn(
      `${file}: ${share(untrained.length)} left out, with nothing to train on by train_on_what: ${trainOnWhat} (${namedLines(untrained)})`,
    );
  }
  if (omitted.length > 0) {
    warn(
      `${file}: ${share(omitted.length)} say something in messages that are not trained that the renderer leaves out (${namedLines(omitted)})`,
    );
  }
  if (cutShort.length > 0)
    warn(`${file}: ${share(cutShort.length)} cut to max_length ${maxLength} (${namedLines(cutShort)})`);
  if (cutAway.length > 0) {
    warn(
      `${file}: ${share(cutAway.length)} left out, with every trained token beyond max_length ${maxLength} (${namedLines(cutAway)})`,
    );
  }
  if (ignoredFields.size > 0) {
    const names = [...ignoredFields].map((field) => `"${field}"`).sort();
    warn(`${file}: fields of messages that are not known here were ignored: ${names.join(', ')}`);
  }
  if (rewritten > 0 && trainOnWhat === 'all_assistant_messages') {
    warn(
      `${file}: ${share(rewritten)} hold several replies, and this renderer shows earlier ones otherwise than the model wrote them; train_on_what: last_assistant_message trains on what the model sees`,
    );
  }
  return rows;
}
