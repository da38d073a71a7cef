// Blocks between tags in a call that a model wrote, found in one pass: a pattern for whole blocks would look for the end of
// each tag that never closes.

export interface TagBlock {
  /** The groups of the opening tag. */
  groups: string[];
  inner: string;
  /** The block with its tags. */
  raw: string;
}

/**
 * The first block, the next after it, and so on, and what stands outside of them. `open` is global and matches all that may
 * be an opening tag, from its first letter on; its last group is what ends it, and is there only if it is one.
 */
export function tagBlocks(text: string, open: RegExp, close: string): { blocks: TagBlock[]; outside: string } {
  const blocks: TagBlock[] = [];
  let [outside, end] = ['', 0];
  open.lastIndex = 0;
  for (let tag = open.exec(text); tag !== null; tag = open.exec(text)) {
    if (tag.at(-1) === undefined) continue;
    const start = open.lastIndex;
    const closing = text.indexOf(close, start);
    if (closing === -1) break;
    outside += text.slice(end, tag.index);
    end = closing + close.length;
    blocks.push({
      groups: tag.slice(1, -1),
      inner: text.slice(start, closing),
      raw: text.slice(tag.index, end),
    });
    open.lastIndex = end;
  }
  return { blocks, outside: outside + text.slice(end) };
}
