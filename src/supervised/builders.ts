// The datasets under the names that specs use.

import { defineBuilder } from '../registry/builder.ts';
import { conversationFileParams, textFileParams } from './dataset_params.ts';
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
    const { checkConversationFile } = await import('./check_rows.ts');
    return await checkConversationFile(params, renderer);
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

export const datasetBuilders = [conversationFile, textFile];
