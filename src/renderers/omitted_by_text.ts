// What the rendering of a message by a family's format leaves out: the texts of the message that are not found in it, so that
// nothing is lost between a row and its tokens untold. (A chat template tells of each character: `omitted_by_origin.ts`.)

import type { Piece } from './pieces.ts';
import type { Message } from './types.ts';

interface Place {
  /** Of the message in its conversation. */
  index: number;
  isTrained: boolean;
  /** The format has tool calls. */
  showsCalls: boolean;
}

/** Tags of reasoning and white space are the format's to write in its own way. */
const bare = (text: string) => text.replace(/<\/?think>|\s+/g, '');

/**
 * Paths such as `messages[1].tool_calls[0]`. Reasoning is `.reasoning` where it is not trained, which formats leave out of
 * history by design, and a part of `.content` where it is.
 */
export function omittedByText(
  { content, tool_calls = [], unparsed_tool_calls = [] }: Message,
  pieces: readonly Piece[],
  { index, isTrained, showsCalls }: Place,
): string[] {
  const shown = bare(pieces.map((piece) => ('text' in piece ? piece.text : '')).join(''));
  const isShown = (text: string) => shown.includes(bare(text));
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  const missing = [
    ...parts.flatMap((part, place) => {
      if (part.type === 'image') return [];
      if (part.type === 'text') return isShown(part.text) ? [] : ['content'];
      if (isShown(part.thinking)) return [];
      return isTrained ? [`content[${place}]`] : ['reasoning'];
    }),
    ...tool_calls.flatMap(({ function: { name } }, call) =>
      showsCalls && isShown(name) ? [] : [`tool_calls[${call}]`],
    ),
    ...unparsed_tool_calls.flatMap(({ raw_text }, call) => (isShown(raw_text) ? [] : [`unparsed_tool_calls[${call}]`])),
  ];
  return [...new Set(missing)].map((field) => `messages[${index}].${field}`);
}
