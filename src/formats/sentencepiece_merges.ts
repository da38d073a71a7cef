// The merges of a SentencePiece BPE model, which stores only the pieces and the order in which they were learnt.

export interface Piece {
  readonly text: string;
  /** The higher, the earlier it was learnt. */
  readonly score: number;
}

/**
 * Every pair of pieces that joins to a third, the best third first: SentencePiece merges whichever neighbours make the
 * piece of the highest score, so this order of merges gives its segmentation.
 */
export function sentencePieceMerges(pieces: readonly Piece[]): [string, string][] {
  const known = new Set(pieces.map((piece) => piece.text));
  return pieces
    .toSorted((a, b) => b.score - a.score)
    .flatMap(({ text }) => splits(text).filter(([left, right]) => known.has(left) && known.has(right)));
}

/** All ways to cut a text in two, the shortest left part first; characters stay whole. */
function splits(text: string): [string, string][] {
  const cuts: [string, string][] = [];
  let left = '';
  for (const character of text) {
    if (left !== '') cuts.push([left, text.slice(left.length)]);
    left += character;
  }
  return cuts;
}
