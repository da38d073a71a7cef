// The regular expressions of a tokenizer.json, taken apart: what JavaScript reads with the flag `u`, but for references to groups.

export type Pattern =
  | { type: 'character'; matches(point: number): boolean }
  | { type: 'sequence'; parts: Pattern[] }
  | { type: 'choice'; parts: Pattern[] }
  | { type: 'repeat'; part: Pattern; min: number; max: number; lazy: boolean }
  | { type: 'look'; part: Pattern; behind: boolean; negated: boolean }
  | { type: 'edge'; of: 'start' | 'end' };

/** Deeper than any that is in use. */
const DEEPEST = 100;
const ATOM =
  /\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\c[a-zA-Z]|\\[^bBkpPux1-9]|[^\\^$|()*+?{}[\]]/suy;
const QUANTIFIER = /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y;
const GROUP = /\((?:\?(?:<?[=!]|:|<(?![=!])[^>]*>))?/y;

/** Throws an Error for what is not known here. */
export function readPattern(source: string): Pattern {
  let at = 0;
  const take = (expression: RegExp): string | null => {
    expression.lastIndex = at;
    const found = expression.exec(source)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  };

  function choice(depth: number): Pattern {
    if (depth > DEEPEST) throw new Error('its groups are too deep');
    const parts = [sequence(depth)];
    while (source[at] === '|') {
      at += 1;
      parts.push(sequence(depth));
    }
    return parts.length === 1 ? parts[0] : { type: 'choice', parts };
  }

  function sequence(depth: number): Pattern {
    const parts: Pattern[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(term(depth)));
    return { type: 'sequence', parts };
  }

  function repeated(part: Pattern): Pattern {
    const quantifier = take(QUANTIFIER);
    if (quantifier === null) return part;
    const lazy = quantifier.length > 1 && quantifier.endsWith('?');
    const [min, max] = boundsOf(lazy ? quantifier.slice(0, -1) : quantifier);
    return { type: 'repeat', part, min, max, lazy };
  }

  function term(depth: number): Pattern {
    if (source[at] === '^' || source[at] === '$') {
      at += 1;
      return { type: 'edge', of: source[at - 1] === '^' ? 'start' : 'end' };
    }
    const group = take(GROUP);
    if (group !== null) {
      const part = choice(depth + 1);
      if (source[at] !== ')') throw new Error('a group does not end');
      at += 1;
      if (!/[=!]$/.test(group)) return part;
      return { type: 'look', part, behind: group.includes('<'), negated: group.endsWith('!') };
    }
    const atom = take(ATOM);
    if (atom === null) throw new Error(`${JSON.stringify(source.slice(at, at + 8))} is not known here`);
    return characterOf(atom);
  }

  const pattern = choice(0);
  if (at < source.length) throw new Error(`${JSON.stringify(source.slice(at, at + 8))} is not known here`);
  return pattern;
}

function boundsOf(quantifier: string): [number, number] {
  if (quantifier === '*') return [0, Number.POSITIVE_INFINITY];
  if (quantifier === '+') return [1, Number.POSITIVE_INFINITY];
  if (quantifier === '?') return [0, 1];
  const [min, max = min] = quantifier.slice(1, -1).split(',');
  return [Number(min), max === '' ? Number.POSITIVE_INFINITY : Number(max)];
}

/** One character, or a class of them. JavaScript says which belong to it, once for each of those that are common. */
function characterOf(atom: string): Pattern {
  const expression = new RegExp(`^${atom}$`, 'u');
  const isIn = (point: number) => expression.test(String.fromCodePoint(point));
  let known: Int8Array | null = null;
  return {
    type: 'character',
    matches(point) {
      if (point > 0xffff) return isIn(point);
      known ??= new Int8Array(0x10000);
      if (known[point] === 0) known[point] = isIn(point) ? 1 : -1;
      return known[point] === 1;
    },
  };
}
