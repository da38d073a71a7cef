// Which renderer a model gets when a spec names none.

import { type BuilderRef, reference } from '../registry/slot.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { rendererSlot } from './types.ts';

/**
 * The model's own chat template if it carries one, else `role_colon`, which suits base models. No family has a renderer of
 * its own yet; one that gets one is recognised by `modelName`, before that.
 */
export function recommendedRenderer({
  tokenizer,
}: {
  modelName: string;
  tokenizer: Tokenizer;
}): BuilderRef<typeof rendererSlot> {
  return reference(rendererSlot, { builder: tokenizer.chatTemplate === null ? 'role_colon' : 'chat_template' });
}
