// JSON text of files nobody vouches for: duplicate keys and deep nesting are refused, which JSON.parse lets pass.
import { describe } from './json_fields.ts';

/**
 * The value of JSON text. Throws SyntaxError when the text is not JSON, when two keys of one object are equal
 * (JSON.parse keeps the last, other readers the first), or when it nests deeper than `maxDepth`.
 */
export function parseStrictJson(text: string, maxDepth: number): unknown {
  checkNestingAndKeys(text, maxDepth);
  return JSON.parse(text);
}

/** Runs before the parser, on text that may not be JSON at all: it need only be right where the parser then agrees. */
function checkNestingAndKeys(text: string, maxDepth: number): void {
  /** Keys seen so far in each open object or array, the innermost last. */
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      open.push(new Set());
      if (open.length > maxDepth) throw new SyntaxError(`nested deeper than ${maxDepth} levels`);
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '"') {
      const end = closingQuote(text, at);
      if (isFollowedByColon(text, end)) {
        const written = text.slice(at + 1, end);
        // Few keys are escaped, and a parser started for each takes most of the time.
        const key = written.includes('\\') ? String(JSON.parse(`"${written}"`)) : written;
        const keys = open.at(-1);
        if (keys?.has(key)) throw new SyntaxError(`duplicate key ${describe(key)}`);
        keys?.add(key);
      }
      at = end;
    }
  }
}

function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  throw new SyntaxError('a string does not end');
}

function isFollowedByColon(text: string, end: number): boolean {
  let at = end + 1;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}
