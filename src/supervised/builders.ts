// The datasets under the names that specs use.

import { defineBuilder } from '../registry/builder.ts';
import { conversationFileParams, interleaveParams, textFileParams } from './dataset_params.ts';
import { hfDatasetParams } from './hf_dataset_params.ts';
import { sourceNames } from './source_names.ts';
import { datasetSlot } from './types.ts';

const conversationFile = defineBuilder({
  slot: datasetSlot,
  name: 'conversation_file',
  version: 1,
  doc: 'Conversations from a file: {"messages": [{"role": …, "content": …}, …]} a row, ShareGPT, Alpaca, prompt and completion.',
  params: conversationFileParams,
  async build(params, context) {
    const { conversationFileDatasets } = await import('./conversation_file.ts');
    return conversationFileDatasets(params, context);
  },
  async check(params, { renderer }) {
    const { checkBatches, checkConversationFile } = await import('./check_rows.ts');
    return [...(await checkBatches(params)), ...(await checkConversationFile(params, renderer))];
  },
});

const textFile = defineBuilder({
  slot: datasetSlot,
  name: 'text_file',
  version: 1,
  doc: 'Text for pretraining: plain, with lines of <|endoftext|> between documents, or JSON Lines with a "text" each.',
  params: textFileParams,
  async build(params, context) {
    const { textFileDatasets } = await import('./text_file.ts');
    return textFileDatasets(params, context);
  },
  async check(params) {
    const { checkTextFile } = await import('./check_rows.ts');
    return await checkTextFile(params);
  },
});

const interleave = defineBuilder({
  slot: datasetSlot,
  name: 'interleave',
  version: 1,
  doc: 'Several datasets as one, by turns or by probabilities (interleave_datasets of Hugging Face datasets).',
  params: interleaveParams,
  async build(params, context, make) {
    const { interleavedDatasets } = await import('./interleave.ts');
    return await interleavedDatasets(params, context, make);
  },
  headline(params, of) {
    const names = sourceNames(params);
    return params.datasets.flatMap((dataset, i) =>
      of(dataset).map(({ metric, goal, label }) => ({
        metric: `${metric}/${names[i]}`,
        goal,
        label: `${label}, ${names[i]}`,
      })),
    );
  },
});

const hfDataset = defineBuilder({
  slot: datasetSlot,
  name: 'hf_dataset',
  version: 1,
  doc: 'Conversations of a data set of the hub by its name: Parquet, JSON Lines or csv, read from the disk as they are needed.',
  params: hfDatasetParams,
  async build(params, context) {
    const { hfDatasets } = await import('./hf_dataset.ts');
    return await hfDatasets(params, context);
  },
});

export const datasetBuilders = [conversationFile, hfDataset, textFile, interleave];
