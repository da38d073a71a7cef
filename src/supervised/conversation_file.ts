// The dataset of a conversations file: its rows rendered, cut to length and split once at the start.

import type { Message, Renderer } from '../renderers/types.ts';
import { modelInputFromTokens } from '../tinker/types.ts';
import { ConfigurationError, DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { permutation } from '../util/permutation.ts';
import { batchedDataset } from './batches.ts';
import { datumFromModelInputWeights } from './common.ts';
import { type ConversationReader, conversationReader } from './data/formats.ts';
import { namedRows, type RowPlace, readRows } from './data/rows.ts';
import type { ConversationFileParams } from './dataset_params.ts';
import { renderRow } from './render_row.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from './types.ts';

/** Beside the fields of the spec: how many rows of the test file to use, from the first; absent or null means all. */
type Params = ConversationFileParams & { num_test_examples?: number | null };

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
  params: Params,
  context: DatasetContext,
  readerOfFile: () => ConversationReader = () => conversationReader(params),
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

  const load = (path: string) =>
    loadExamples(path, params, { ...context, renderer, maxLength, reader: readerOfFile() });
  const rows = await load(file);
  if (testSize >= rows.length)
    throw new DataValidationError(noRowsLeft(file, testSize, rows.length), {
      hint: 'Set dataset.test_size=0, or hold out fewer rows.',
    });
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
  { batch_size: batchSize, reduction }: Params,
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

interface Loading {
  renderer: Renderer;
  maxLength: number;
  reader: ConversationReader;
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

/** One entry a row of the file; null where nothing of it can be trained on, which a warning then tells. */
async function loadExamples(
  file: string,
  { train_on_what: trainOnWhat, on_bad_row: onBadRow }: Params,
  { renderer, maxLength, reader, warn, notify = () => undefined, signal }: Loading,
): Promise<(Example | null)[]> {
  const untrained: RowPlace[] = [];
  const cutShort: RowPlace[] = [];
  const cutAway: RowPlace[] = [];
  const silent: RowPlace[] = [];
  const omitted: RowPlace[] = [];
  let rewritten = 0;

  const rows = await readRows(file, { onBadRow, warn, notify, signal }, (row, place): Example | null => {
    const conversation = reader.read(row, place);
    const { tokens, weights, omitted: leftOut } = renderRow(conversation, { renderer, trainOnWhat });
    // Reasoning that is not trained is left out by design.
    if (leftOut.some((path) => !path.endsWith('.reasoning'))) omitted.push(place);
    const firstTrained = weights.findIndex((weight) => weight > 0);
    if (firstTrained === -1) {
      untrained.push(place);
      return null;
    }
    if (tokens.length > maxLength) (firstTrained < maxLength ? cutShort : cutAway).push(place);
    if (firstTrained >= maxLength) return null;
    if (conversation.messages.some(saysNothing)) silent.push(place);
    if (!renderer.hasExtensionProperty && conversation.messages.filter(({ role }) => role === 'assistant').length > 1)
      rewritten += 1;
    return {
      tokens: Int32Array.from(tokens.slice(0, maxLength)),
      weights: Float32Array.from(weights.slice(0, maxLength)),
    };
  });

  for (const { level, message } of reader.notices()) (level === 'warning' ? warn : notify)(`${file}: ${message}`);
  const share = (count: number) => `${count} of ${rows.length} conversations`;
  if (untrained.length > 0) {
    warn(
      `${file}: ${share(untrained.length)} left out, with nothing to train on by train_on_what: ${trainOnWhat} (${namedRows(untrained)})`,
    );
  }
  if (omitted.length > 0) {
    warn(`${file}: ${share(omitted.length)} say something that the renderer leaves out (${namedRows(omitted)})`);
  }
  if (cutShort.length > 0)
    warn(`${file}: ${share(cutShort.length)} cut to max_length ${maxLength} (${namedRows(cutShort)})`);
  if (cutAway.length > 0) {
    warn(
      `${file}: ${share(cutAway.length)} left out, with every trained token beyond max_length ${maxLength} (${namedRows(cutAway)})`,
    );
  }
  if (silent.length > 0)
    warn(`${file}: ${share(silent.length)} hold an empty reply, which teaches to say nothing (${namedRows(silent)})`);
  if (rewritten > 0 && trainOnWhat === 'all_assistant_messages') {
    warn(
      `${file}: ${share(rewritten)} hold several replies, and this renderer shows earlier ones otherwise than the model wrote them; train_on_what: last_assistant_message trains on what the model sees`,
    );
  }
  return rows;
}

function saysNothing({ role, content, tool_calls = [] }: Message): boolean {
  const isEmpty = typeof content === 'string' ? content.trim() === '' : content.length === 0;
  return role === 'assistant' && isEmpty && tool_calls.length === 0;
}

export function noRowsLeft(file: string, testSize: number, rows: number): string {
  return `${shortPath(file)}: test_size ${testSize} leaves none of its ${rows} rows to train on`;
}
