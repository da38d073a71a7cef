// The slot of tokenizers: where pretraining gets its own from.

import { defineSlot } from '../registry/slot.ts';

export interface TokenizerContext {
  /** Where a tokenizer that is made for the run is written. */
  directory: string;
  /** Longest sequence of the model, in tokens. */
  modelMaxLength: number;
}

/** A builder here returns the directory that holds tokenizer.json and tokenizer_config.json. */
export const tokenizerSlot = defineSlot<TokenizerContext, string>({
  name: 'tokenizer',
  doc: 'Where a model that is trained from scratch gets its tokenizer.',
});
