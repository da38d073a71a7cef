// The dataset of a conversations file: its rows rendered, cut to length and split once at the start.

import type { Message, Renderer } from '../renderers/types.ts';
import { modelInputFromTokens } from '../tinker/types.ts';
import { DataValidationError } from '../util/errors.ts';
import { batchedDataset, checkBatching, tokenBatchedDataset } from './batches.ts';
import { datumFromModelInputWeights } from './common.ts';
import { type ConversationReader, conversationReader } from './data/formats.ts';
import { openRowFile } from './data/row_file.ts';
import { namedRows, type RowPlace, readRows } from './data/rows.ts';
import type { ConversationFileParams } from './dataset_params.ts';
import type { RenderedRow } from './render_row.ts';
import { type RowPart, renderingOf, splitRows } from './split_rows.ts';
import { checkTrainedChoice, renderTrained, type TrainedChoice } from './trained_messages.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from './types.ts';

/** Recipes that read their rows this way have `num_test_examples`, and not every option. */
export type ConversationParams = Omit<ConversationFileParams, keyof TrainedChoice | 'batch_tokens' | 'streaming'> &
  TrainedChoice & { batch_tokens?: number | null; streaming?: boolean; num_test_examples?: number | null };

/** One rendered conversation, cut to length; kept in typed arrays, a third of the memory of datums. */
interface Example {
  tokens: Int32Array;
  weights: Float32Array;
}

/** Everything that can be wrong with the data shows here, before training begins. */
export async function conversationFileDatasets(
  params: ConversationParams,
  context: DatasetContext,
  readerOfFile: () => ConversationReader = () => conversationReader(params),
): Promise<SupervisedDatasets> {
  checkTrainedChoice(params, context.renderer);
  checkBatching(params);
  const rendering = renderingOf(params, context, 'conversations');
  const stores = new Map<string, Store>();
  const { train, test } = await splitRows(params, context, async (file) => {
    const { rows, store } = await loadExamples(file, params, { ...context, ...rendering, reader: readerOfFile() });
    stores.set(file, store);
    return rows;
  });
  const datasetOf = (part: RowPart<number | null>) => batchesOf(part, stores.get(part.file), params);
  return { train: datasetOf(train), test: test === null ? null : datasetOf(test) };
}

/** Where examples are between their steps: in memory, or in their file. */
interface Store {
  at(row: number): Example | Promise<Example>;
  tokensAt(row: number): number;
}

function batchesOf(
  { rows, file, shuffleSeeds }: RowPart<number | null>,
  store: Store | undefined,
  { batch_size, batch_tokens = null, reduction }: ConversationParams,
): SupervisedDataset {
  const kept = rows.filter((row) => row !== null);
  if (kept.length === 0 || store === undefined) {
    throw new DataValidationError(`${file}: no conversation is left that has a token to train on`, {
      hint: 'The warnings say why rows were left out; look at max_length and train_on_what.',
    });
  }
  const examples = {
    length: kept.length,
    async exampleAt(index: number) {
      const { tokens, weights } = await store.at(kept[index]);
      return datumFromModelInputWeights(modelInputFromTokens([...tokens]), weights, { reduction });
    },
    shuffleSeeds,
  };
  if (batch_tokens === null) return batchedDataset({ ...examples, batchSize: batch_size ?? 1 });
  // A datum reads all tokens but the last.
  const tokensAt = (index: number) => store.tokensAt(kept[index]) - 1;
  return tokenBatchedDataset({ ...examples, batchTokens: batch_tokens, tokensAt });
}

interface Loading {
  renderer: Renderer;
  maxLength: number;
  reader: ConversationReader;
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

/** One entry a row of the file, by which the store knows it; null where nothing of it can be trained on, which a warning then tells. */
async function loadExamples(
  file: string,
  params: ConversationParams,
  { renderer, maxLength, reader, warn, notify = () => undefined, signal }: Loading,
): Promise<{ rows: (number | null)[]; store: Store }> {
  const { train_on_what: trainOnWhat, on_bad_row: onBadRow } = params;
  const untrained: RowPlace[] = [];
  const cutShort: RowPlace[] = [];
  const cutAway: RowPlace[] = [];
  const silent: RowPlace[] = [];
  const omitted: RowPlace[] = [];
  let rewritten = 0;

  const cut = ({ tokens, weights }: RenderedRow): Example => ({
    tokens: Int32Array.from(tokens.slice(0, maxLength)),
    weights: Float32Array.from(weights.slice(0, maxLength)),
  });
  const onDisk = params.streaming === true ? await openRowFile(file) : null;
  const inMemory: Example[] = [];

  const rows = await readRows(file, { onBadRow, warn, notify, signal }, (row, place): number | null => {
    const conversation = reader.read(row, place);
    const rendered = renderTrained(conversation, renderer, params);
    const { tokens, weights, omitted: leftOut } = rendered;
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
    return onDisk === null ? inMemory.push(cut(rendered)) - 1 : onDisk.add(place, Math.min(tokens.length, maxLength));
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
  if (onDisk === null)
    return { rows, store: { at: (row) => inMemory[row], tokensAt: (row) => inMemory[row].tokens.length } };
  const at = async (row: number) => {
    const { value, place } = await onDisk.read(row);
    return cut(renderTrained(reader.read(value, place), renderer, params));
  };
  return { rows, store: { at, tokensAt: onDisk.tokensAt } };
}

function saysNothing({ role, content, tool_calls = [] }: Message): boolean {
  const isEmpty = typeof content === 'string' ? content.trim() === '' : content.length === 0;
  return role === 'assistant' && isEmpty && tool_calls.length === 0;
}
