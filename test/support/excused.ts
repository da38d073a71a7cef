// Two renderings of one conversation that may differ in known places: everything else must be the same, character by
// character and token by token.

/** Text that is whole, and its tokens: several where the bytes of a character are. */
export interface Unit {
  text: string;
  tokens: readonly number[];
}

export interface Rendered {
  text: string;
  units: readonly Unit[];
}

/** What one side lacks on purpose: text that belongs before the character `at`. */
export interface Insertion {
  at: number;
  text: string;
}

export interface Excuses {
  /** Into the text of the other side, in order. */
  insertions?: readonly Insertion[];
  /** Places of our text around which it may be divided into tokens in another way; null where it may not. */
  divisions?: readonly number[] | null;
}

export interface Verdict {
  /** The first thing that nothing excuses; null if there is none. */
  problem: string | null;
  /** The text is divided in another way at a place where it may be. */
  isDivided: boolean;
}

/** The units of a text by its tokens. */
export function unitsOf(tokens: readonly number[], decode: (tokens: number[]) => string): Unit[] {
  const units: Unit[] = [];
  let held: number[] = [];
  for (const token of tokens) {
    held.push(token);
    const text = decode(held);
    if (text.endsWith('\ufffd')) continue;
    units.push({ text, tokens: held });
    held = [];
  }
  return held.length === 0 ? units : [...units, { text: decode(held), tokens: held }];
}

export function judge(ours: Rendered, theirs: Rendered, { insertions = [], divisions = null }: Excuses = {}): Verdict {
  const expected = inserted(theirs.text, insertions);
  if (ours.text !== expected) return { problem: firstDifference(ours.text, expected), isDivided: false };
  const ownPlaces = placed(ours.units, []);
  const theirPlaces = placed(theirs.units, insertions);
  const spans = differingSpans(ownPlaces, theirPlaces);
  let length = 0;
  const added = insertions.map(({ at, text }) => {
    const start = at + length;
    length += text.length;
    return { start, end: start + text.length };
  });
  const isAdded = (span: Span) => added.some(({ start, end }) => span.start <= end && start <= span.end);
  const isDivision = (span: Span) => (divisions ?? []).some((place) => span.start <= place && place <= span.end);
  const wrong = spans.find((span) => !isAdded(span) && !isDivision(span));
  return {
    problem: wrong === undefined ? null : `other tokens for ${JSON.stringify(ours.text.slice(wrong.start, wrong.end))}`,
    isDivided: spans.some((span) => !isAdded(span) && isDivision(span)),
  };
}

interface Span {
  start: number;
  end: number;
}

function inserted(text: string, insertions: readonly Insertion[]): string {
  let [whole, end] = ['', 0];
  for (const { at, text: added } of insertions) {
    whole += text.slice(end, at) + added;
    end = at;
  }
  return whole + text.slice(end);
}

/** Units by the places that they take once everything is inserted. */
function placed(units: readonly Unit[], insertions: readonly Insertion[]): Map<string, Span> {
  const before = (counts: (at: number) => boolean) =>
    insertions.reduce((sum, { at, text }) => sum + (counts(at) ? text.length : 0), 0);
  const places = new Map<string, Span>();
  let at = 0;
  for (const { text, tokens } of units) {
    const [first, last] = [at, at + text.length];
    const span = { start: first + before((place) => place <= first), end: last + before((place) => place < last) };
    places.set(`${span.start}-${span.end}:${tokens.join()}`, span);
    at = last;
  }
  return places;
}

/** Where the units of two sides are not the same; spans that touch are one. */
function differingSpans(one: ReadonlyMap<string, Span>, other: ReadonlyMap<string, Span>): Span[] {
  const only = (some: ReadonlyMap<string, Span>, others: ReadonlyMap<string, Span>) =>
    [...some].flatMap(([key, span]) => (others.has(key) ? [] : [span]));
  const spans: Span[] = [];
  for (const span of [...only(one, other), ...only(other, one)].toSorted((a, b) => a.start - b.start)) {
    const last = spans.at(-1);
    if (last !== undefined && span.start < last.end) last.end = Math.max(last.end, span.end);
    else spans.push({ ...span });
  }
  return spans;
}

function firstDifference(ours: string, expected: string): string {
  let at = 0;
  while (ours[at] === expected[at]) at += 1;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 30));
  return `at character ${at}: ours is ${around(ours)}, and not ${around(expected)}`;
}
