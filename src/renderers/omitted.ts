// What a message says and its rendering does not show, so that nothing is lost between a row and its tokens untold.

import type { Piece } from './pieces.ts';
import type { Message } from './types.ts';

/** Paths such as `messages[1].reasoning`, of the message at that index. White space at the ends is the format's to keep or drop. */
export function omittedOf(message: Message, index: number, pieces: readonly Piece[]): string[] {
  const shown = pieces.map((piece) => ('text' in piece ? piece.text : '')).join('');
  const { content, tool_calls = [] } = message;
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  const said = [
    ...parts.flatMap((part) => {
      if (part.type === 'image') return [];
      return part.type === 'text' ? [['content', part.text]] : [['reasoning', part.thinking]];
    }),
    ...tool_calls.map(({ function: { name } }, call) => [`tool_calls[${call}]`, name]),
  ];
  const missing = said.filter(([, text]) => !shown.includes(text.trim())).map(([field]) => field);
  return [...new Set(missing)].map((field) => `messages[${index}].${field}`);
}
