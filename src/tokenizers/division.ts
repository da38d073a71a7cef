// Which of the ids of a text belong to which of its parts, found in a time that goes with the length of the text.

import type { TokenWidth } from './token_widths.ts';

export interface Division {
  /** The parts of the text, in order. */
  parts: readonly string[];
  /** Ids of the characters [start, end) of the text, which go on after others unless they begin it. */
  encode(start: number, end: number): readonly number[];
  width: TokenWidth;
  /** What the tokens are widths of; null where that is the text itself. */
  normalize: ((text: string) => string) | null;
  /** A space may have been put in front of the text. */
  mayBePrefixed: boolean;
}

/** Ids of a text by its parts. A token belongs to the part in which it begins. */
export function divideIds({ parts, encode, width, normalize, mayBePrefixed }: Division): number[][] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const ids = encode(0, length);
  if (parts.length === 1) return [[...ids]];
  const ends = countsByWidth(parts, ids, width, mayBePrefixed) ?? normalized() ?? counted();
  let done = 0;
  return parts.map((_, index) => {
    const start = done;
    done = index === parts.length - 1 ? ids.length : Math.max(done, ends[index]);
    return ids.slice(start, done);
  });

  function normalized(): number[] | null {
    if (normalize === null) return null;
    const normal = parts.map(normalize);
    // Characters that a normalizer joins over the end of a part belong to neither side alone.
    return normal.join('') === normalize(parts.join('')) ? countsByWidth(normal, ids, width, mayBePrefixed) : null;
  }

  function counted(): number[] {
    const divider = new Divider(ids, encode);
    let cut = 0;
    return parts.slice(0, -1).map((part) => {
      cut += part.length;
      return divider.countBefore(cut);
    });
  }
}

/** How many tokens begin before the end of each part but the last; null where the tokens are not just as wide as the text. */
function countsByWidth(
  parts: readonly string[],
  ids: readonly number[],
  width: TokenWidth,
  mayBePrefixed: boolean,
): number[] | null {
  const widths = ids.map(width);
  const lengths = parts.map((part) => Buffer.byteLength(part));
  const extra = sum(widths) - sum(lengths);
  if (extra !== 0 && !(extra === 1 && mayBePrefixed)) return null;
  let [count, begin, end] = [0, -extra, 0];
  return lengths.slice(0, -1).map((length) => {
    end += length;
    for (; count < ids.length && begin < end; count++) begin += widths[count];
    return count;
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A place in the text at which ids end: `count` of them stand for all that is before `at`. */
interface Place {
  at: number;
  count: number;
}

/** Without a place at which ids end for so long, one is looked for between the cuts. */
const FAR = 64;
/** Few tokens are longer. */
const MOST_TRIED = 12;

/**
 * Where nothing tells which text a token stands for: compares the ids of what stands before a cut with those of the whole.
 * Not all of it is encoded again each time: ids that end at a place before it stay what they are, so that the text from
 * there on is enough.
 */
class Divider {
  readonly #ids: readonly number[];
  readonly #encode: Division['encode'];
  /** Ascending; the first is the beginning. */
  readonly #places: Place[] = [{ at: 0, count: 0 }];

  constructor(ids: readonly number[], encode: Division['encode']) {
    this.#ids = ids;
    this.#encode = encode;
  }

  /** How many tokens begin before the cut. */
  countBefore(cut: number): number {
    const nearest = this.#places.length - 1;
    let found = this.#compare(this.#places[nearest], cut);
    // Where the text is no word that begins at the nearest place, a place further back knows better.
    for (let back = 1; !found.isEnd && nearest - back >= 0; back *= 2) {
      const again = this.#compare(this.#places[nearest - back], cut);
      if (!again.isEnd && again.count === found.count) break;
      found = again;
    }
    if (found.isEnd) this.#places.push({ at: cut, count: found.count });
    else if (cut - this.#places[nearest].at > FAR) this.#findPlace(cut);
    return found.count;
  }

  /** `isEnd`: a token ends at the cut. Otherwise one reaches over it and is counted. */
  #compare({ at, count }: Place, cut: number): { isEnd: boolean; count: number } {
    const before = this.#encode(at, cut);
    const differing = before.findIndex((id, index) => this.#ids[count + index] !== id);
    return differing === -1
      ? { isEnd: true, count: count + before.length }
      : { isEnd: false, count: count + differing + 1 };
  }

  /** A place between two cuts, so that the next comparison begins near. */
  #findPlace(cut: number): void {
    const nearest = this.#places[this.#places.length - 1];
    for (let at = cut - 1; at > nearest.at && at >= cut - MOST_TRIED; at--) {
      const { isEnd, count } = this.#compare(nearest, at);
      if (!isEnd) continue;
      this.#places.push({ at, count });
      return;
    }
  }
}
