// Which renderer a model gets when a spec names none.

import type { BuilderRef } from '../registry/fields.ts';
import type { Tokenizer } from '../tokenizers/types.ts';

/**
 * The model's own chat template if it carries one, else `role_colon`, which suits base models. Families with a dedicated
 * renderer are recognised by `modelName` before that.
 */
export function recommendedRenderer({ tokenizer }: { modelName: string; tokenizer: Tokenizer }): BuilderRef {
  return tokenizer.chatTemplate === null ? { builder: 'role_colon' } : { builder: 'chat_template', current_date: null };
}
