// llama3: the instruct models of Llama 3, without the system block with dates that their template writes.

import type { Tokenizer } from '../../tokenizers/types.ts';
import type { MessageFormat } from '../base.ts';
import { singleTextOf } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import { said, written } from '../pieces.ts';

const END = '<|eot_id|>';

export const llama3 = defineRenderer({
  name: 'llama3',
  doc: 'Llama 3 instruct models.',
  stop: { tokens: [END] },
  tokens: ['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>'],
  hasExtensionProperty: true,
  supportsStreaming: false,
  disablesThinking: false,
  tools: false,
  thinking: 'none',
  options: {},
  format: llama3Format,
});

function llama3Format(tokenizer: Tokenizer): MessageFormat {
  const header = (role: string) => [written('<|start_header_id|>'), said(role), written('<|end_header_id|>\n\n')];
  const begin = tokenizer.tokenId('<|begin_of_text|>');
  return {
    bosTokens: begin === null ? [] : [begin],
    reply: { ends: [{ token: END, termination: 'stop_sequence' }] },
    renderMessage: (message) => ({ header: header(message.role), output: [said(singleTextOf(message)), written(END)] }),
    generationSuffix: header,
  };
}
