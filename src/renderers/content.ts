// The content of a message: as plain text, and apart by what it is.

import { RendererError } from '../util/errors.ts';
import type { Message } from './types.ts';

/** Text parts joined. Throws a RendererError for reasoning, which plain text cannot express. */
export function textOf(message: Message): string {
  if (typeof message.content === 'string') return message.content;
  return message.content
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw new RendererError(`this renderer expects text, but a message of role "${message.role}" holds reasoning`, {
        hint: 'Take the thinking parts out of the data, or use a renderer that knows them.',
      });
    })
    .join('');
}
