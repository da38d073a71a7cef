// What a message says and its rendering does not show, so that nothing is lost between a row and its tokens untold.

import type { Piece } from './pieces.ts';
import type { Message } from './types.ts';

/** `showsCalls`: the format has tool calls. Paths such as `messages[1].reasoning`, of the message at that index. White space at the ends is the format's to keep or drop. */
export function omittedOf(message: Message, index: number, pieces: readonly Piece[], showsCalls: boolean): string[] {
  const shown = pieces.map((piece) => ('text' in piece ? piece.text : '')).join('');
  const { content, tool_calls = [] } = message;
  const isShown = (text: string) => shown.includes(text.trim());
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  const missing = [
    ...parts.flatMap((part) => {
      if (part.type === 'image') return [];
      if (part.type === 'text') return isShown(part.text) ? [] : ['content'];
      return isShown(part.thinking) ? [] : ['reasoning'];
    }),
    ...tool_calls.flatMap(({ function: { name } }, call) =>
      showsCalls && isShown(name) ? [] : [`tool_calls[${call}]`],
    ),
  ];
  return [...new Set(missing)].map((field) => `messages[${index}].${field}`);
}
