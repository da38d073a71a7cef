// Tokens that are found in text by their spelling before it is split into words: special ones, and words that were added.

import { WeightsError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
  /** Takes the white space before it. */
  lstrip: boolean;
  /** Takes the white space after it. */
  rstrip: boolean;
  /** Is no part of a longer word. */
  single_word: boolean;
  /** Is looked for in the normalized text. */
  normalized: boolean;
}

/** Reads and checks `added_tokens` of a tokenizer.json. */
export function readAddedTokens(
  json: JsonObject,
  file: string,
  checkId: (id: JsonValue, where: string) => number,
): AddedToken[] {
  const tokens = json.added_tokens ?? [];
  if (!Array.isArray(tokens)) throw new WeightsError(`${file}: added_tokens must be a list`);
  const contents = new Map<number, string>();
  return tokens.map((token, index) => {
    const at = `${file}: added_tokens[${index}]`;
    if (!isJsonObject(token) || typeof token.id !== 'number' || typeof token.content !== 'string')
      throw new WeightsError(`${at} must have an id and a content`);
    const { content } = token;
    if (content === '') throw new WeightsError(`${at}: its content is empty`);
    const id = checkId(token.id, `${at} ("${content}")`);
    const other = contents.get(id);
    if (other !== undefined && other !== content)
      throw new WeightsError(`${at} ("${content}"): its id ${id} is that of "${other}"`);
    contents.set(id, content);
    const flag = (name: string, preset = false) => (typeof token[name] === 'boolean' ? token[name] : preset);
    const special = flag('special');
    return {
      id,
      content,
      special,
      lstrip: flag('lstrip'),
      rstrip: flag('rstrip'),
      single_word: flag('single_word'),
      normalized: flag('normalized', !special),
    };
  });
}

/** An added token in a text, with the white space that it takes. */
export interface Match {
  id: number;
  start: number;
  end: number;
}

interface Node {
  next: Map<string, Node>;
  token: AddedToken | null;
}

const WORD_AT_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]$/u;
const WORD_AT_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]/u;
/** White space of Unicode. */
const SPACE = '\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const IS_SPACE = new RegExp(`^[${SPACE}]$`);

/** Finds added tokens in text as the original library does: the first and longest, and none that overlap. */
export class AddedTokenMatcher {
  readonly #root: Node = { next: new Map(), token: null };

  /** `spelling` of a token is what is looked for. */
  constructor(tokens: readonly AddedToken[], spelling: (token: AddedToken) => string = ({ content }) => content) {
    for (const token of tokens) {
      const text = spelling(token);
      if (text === '') continue;
      let node = this.#root;
      for (let at = 0; at < text.length; at++) {
        const next: Node = node.next.get(text[at]) ?? { next: new Map(), token: null };
        node.next.set(text[at], next);
        node = next;
      }
      node.token = token;
    }
  }

  /** `counts` says whether a token that is spelled at [start, end) is one, and not the text of somebody. */
  find(text: string, counts: (token: AddedToken, start: number, end: number) => boolean): Match[] {
    const matches: Match[] = [];
    if (this.#root.next.size === 0) return matches;
    let last = 0;
    for (let at = 0; at < text.length; ) {
      const found = this.#longestAt(text, at);
      if (found === null) {
        at += 1;
        continue;
      }
      const { token, end } = found;
      const isWhole =
        !token.single_word ||
        (!WORD_AT_END.test(text.slice(Math.max(0, at - 2), at)) && !WORD_AT_START.test(text.slice(end, end + 2)));
      if (isWhole && counts(token, at, end)) {
        const match = { id: token.id, start: at, end };
        while (token.lstrip && match.start > last && IS_SPACE.test(text[match.start - 1])) match.start -= 1;
        while (token.rstrip && match.end < text.length && IS_SPACE.test(text[match.end])) match.end += 1;
        matches.push(match);
        last = match.end;
      }
      at = end;
    }
    return matches;
  }

  #longestAt(text: string, start: number): { token: AddedToken; end: number } | null {
    let found: { token: AddedToken; end: number } | null = null;
    let node = this.#root.next.get(text[start]);
    for (let end = start + 1; node !== undefined; end++) {
      if (node.token !== null) found = { token: node.token, end };
      node = node.next.get(text[end]);
    }
    return found;
  }
}
