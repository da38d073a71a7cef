// LaTeX commands that take arguments, and what text they become. In the strict table fractions have no parentheses and roots
// no index, as in the reference; the other one mends that.

/** `[` is an optional argument, `{` a mandatory one, `*` a star that may stand there. */
export interface Macro {
  readonly args: string;
  readonly text: (args: readonly string[]) => string;
  /** What is left of it where an argument is missing; null: the text cannot be read. */
  readonly bare: string | null;
}

const SHOWN = 'text textrm textit textbf textsc textsl emph mathrm';
const ACCENTED_WORDS =
  'overline underline widehat widetilde wideparen overleftarrow overrightarrow overleftrightarrow underleftarrow ' +
  'underrightarrow underleftrightarrow overbrace underbrace overbracket underbracket';
const DROPPED = 'mbox textmd textsf texttt textup label ensuremath';
const DROPPED_WITH_OPTION = 'hphantom vphantom color xrightarrow xleftarrow';

const COMBINING: Record<string, string> = {
  "'": '\u0301',
  '`': '\u0300',
  '"': '\u0308',
  '^': '\u0302',
  '~': '\u0303',
  '=': '\u0304',
  '.': '\u0307',
  c: '\u0327',
  H: '\u030b',
  k: '\u0328',
  b: '\u0331',
  d: '\u0323',
  r: '\u030a',
  u: '\u0306',
  v: '\u030c',
  vec: '\u20d7',
  dot: '\u0307',
  ddot: '\u0308',
  hat: '\u0302',
  check: '\u030c',
  breve: '\u0306',
  acute: '\u0301',
  grave: '\u0300',
  tilde: '\u0303',
  bar: '\u0305',
  not: '\u0338',
};

/** Accents stand in place of the dot. */
const DOTTED = new Map([
  ['ı', 'i'],
  ['ȷ', 'j'],
]);

/** Where the alphabets of Unicode start, capital and small, and the letters that had a place before. */
const ALPHABETS: Record<string, { capital: number; small: number; elsewhere?: Record<string, string> }> = {
  mathbf: { capital: 0x1d400, small: 0x1d41a },
  mathit: { capital: 0x1d434, small: 0x1d44e, elsewhere: { h: 'ℎ' } },
  mathsf: { capital: 0x1d5a0, small: 0x1d5ba },
  mathtt: { capital: 0x1d670, small: 0x1d68a },
  mathbb: {
    capital: 0x1d538,
    small: 0x1d552,
    elsewhere: { C: 'ℂ', H: 'ℍ', N: 'ℕ', P: 'ℙ', Q: 'ℚ', R: 'ℝ', Z: 'ℤ' },
  },
  mathfrak: { capital: 0x1d504, small: 0x1d51e, elsewhere: { C: 'ℭ', H: 'ℌ', I: 'ℑ', R: 'ℜ', Z: 'ℨ' } },
  mathcal: {
    capital: 0x1d49c,
    small: 0x1d4b6,
    elsewhere: { B: 'ℬ', E: 'ℰ', F: 'ℱ', H: 'ℋ', I: 'ℐ', L: 'ℒ', M: 'ℳ', R: 'ℛ', e: 'ℯ', g: 'ℊ', o: 'ℴ' },
  },
};

const STRICT: ReadonlyMap<string, Macro> = new Map([
  ...named(SHOWN, { args: '{', text: ([shown]) => shown, bare: '' }),
  ...named(ACCENTED_WORDS, { args: '{', text: ([shown]) => shown, bare: '%s' }),
  ...named(DROPPED, { args: '{', text: () => '', bare: '' }),
  ...named(DROPPED_WITH_OPTION, { args: '[{', text: () => '', bare: '' }),
  ...named('hspace', { args: '*{', text: () => '', bare: '' }),
  ...named('vspace', { args: '*{', text: () => '\n', bare: '\n' }),
  ...named('textcolor colorbox', { args: '[{{', text: ([, , shown]) => shown, bare: null }),
  ...named('frac nicefrac', { args: '{{', text: ([top, bottom]) => `${top}/${bottom}`, bare: '%s/%s' }),
  ...named('sqrt', { args: '[{', text: ([, of]) => `√(${of})`, bare: null }),
  ...Object.entries(COMBINING).map(([name, mark]) => [name, accent(mark)] as const),
  ...Object.keys(ALPHABETS).map((name) => [name, styled(name)] as const),
  ['mathscr', styled('mathcal')] as const,
]);

const MENDED: ReadonlyMap<string, Macro> = new Map([
  ...STRICT,
  ...named('frac nicefrac cfrac', { args: '{{', text: ([top, bottom]) => fraction(top, bottom), bare: null }),
  ...named('sqrt', { args: '[{', text: ([index, of]) => root(index, of), bare: null }),
  ...named('binom dbinom tbinom', { args: '{{', text: ([n, k]) => `binom(${n},${k})`, bare: null }),
]);

export function macrosOf(strict: boolean): ReadonlyMap<string, Macro> {
  return strict ? STRICT : MENDED;
}

/** A number, a letter or a root: what holds together without parentheses. */
const ATOM = String.raw`(?:\d+(?:\.\d+)?|√\([^()]*\)|pi|.)`;
const EXPONENT = new RegExp(`^[-+]?${ATOM}?$`, 'u');
const DENOMINATOR = new RegExp(`^${ATOM}(?:\\^${ATOM})?$`, 'u');
const NUMERATOR = /^[-+]?[^-+=<>≤≥±∓,]*$/;

/** An exponent that is more than an atom, in parentheses. */
export function grouped(exponent: string): string {
  return parenthesized(exponent.trim(), EXPONENT);
}

/** Parentheses stand only where the fraction would be another one without: 1/2 and √(2)/2 look as people write them. */
function fraction(top: string, bottom: string): string {
  return `${parenthesized(top.trim(), NUMERATOR)}/${parenthesized(bottom.trim(), DENOMINATOR)}`;
}

function parenthesized(text: string, unless: RegExp): string {
  return unless.test(text) || isParenthesized(text) ? text : `(${text})`;
}

/** The radicand stands in parentheses, lest it runs into a number before it. */
function root(index: string, of: string): string {
  return index.trim() === '' || index.trim() === '2' ? `√(${of})` : `(${of})^(1/${grouped(index)})`;
}

/** Whether the first parenthesis is closed by the last one. */
function isParenthesized(text: string): boolean {
  if (!text.startsWith('(')) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at === text.length - 1;
  }
  return false;
}

function named(names: string, macro: Macro): (readonly [string, Macro])[] {
  return names.split(' ').map((name) => [name, macro] as const);
}

function accent(mark: string): Macro {
  const on = (text: string) =>
    Array.from(text, (letter) => `${DOTTED.get(letter) ?? letter}${mark}`.normalize('NFC')).join('');
  return { args: '{', text: ([of]) => on(of.trim()), bare: on(' ') };
}

function styled(name: string): Macro {
  const { capital, small, elsewhere = {} } = ALPHABETS[name];
  const letter = (plain: string) => {
    if (Object.hasOwn(elsewhere, plain)) return elsewhere[plain];
    if (/^[A-Z]$/.test(plain)) return String.fromCodePoint(capital + plain.charCodeAt(0) - 'A'.charCodeAt(0));
    if (/^[a-z]$/.test(plain)) return String.fromCodePoint(small + plain.charCodeAt(0) - 'a'.charCodeAt(0));
    return plain;
  };
  return { args: '{', text: ([of]) => Array.from(of, letter).join(''), bare: '' };
}
