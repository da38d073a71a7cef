// A renderer for tests of environments: role_colon over one token a character.

import { getRenderer } from '../../../src/renderers/get_renderer.ts';
import type { Renderer } from '../../../src/renderers/types.ts';
import { charTokenizer } from '../../support/char_tokenizer.ts';

export function plainRenderer(): Renderer {
  return getRenderer('role_colon', charTokenizer({ bos: '<BOS>' }));
}
