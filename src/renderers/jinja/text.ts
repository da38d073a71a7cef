// Text that remembers what it was made of: which of its characters come from a message, and from where in it.

/** One text of a conversation, such as `messages[1].content`. */
export interface Origin {
  readonly path: string;
  readonly text: string;
}

/** Characters [start, end) of a text that come from [from, to) of an origin. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly origin: Origin;
  readonly from: number;
  readonly to: number;
}

/** Text with characters of messages in it. Text that the template alone wrote is a plain string. */
export class TrackedText {
  readonly text: string;
  /** In order and apart. */
  readonly spans: readonly Span[];

  constructor(text: string, spans: readonly Span[]) {
    this.text = text;
    this.spans = spans;
  }
}

export type Text = string | TrackedText;

export function tracked(origin: Origin): TrackedText {
  const { length } = origin.text;
  return new TrackedText(origin.text, length === 0 ? [] : [{ start: 0, end: length, origin, from: 0, to: length }]);
}

export function plain(text: Text): string {
  return typeof text === 'string' ? text : text.text;
}

export function spansOf(text: Text): readonly Span[] {
  return typeof text === 'string' ? [] : text.spans;
}

/** A span whose characters stand for those of its origin one by one. */
function isExact({ start, end, from, to }: Span): boolean {
  return end - start === to - from;
}

/** Characters [start, end), in UTF-16 units. */
export function sliceText(text: Text, start: number, end: number = plain(text).length): Text {
  const part = plain(text).slice(start, end);
  const all = spansOf(text);
  const spans: Span[] = [];
  for (let index = firstSpanAfter(all, start); index < all.length && all[index].start < end; index++) {
    const span = all[index];
    const first = Math.max(span.start, start);
    const last = Math.min(span.end, end);
    if (first >= last) continue;
    const exact = isExact(span);
    const from = exact ? span.from + first - span.start : span.from;
    const to = exact ? from + last - first : span.to;
    spans.push({ start: first - start, end: last - start, origin: span.origin, from, to });
  }
  return spans.length === 0 ? part : new TrackedText(part, spans);
}

/** Index of the first span that ends after a place: conversations have thousands of them. */
function firstSpanAfter(spans: readonly Span[], place: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].end > place) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function joinTexts(parts: readonly Text[], separator: Text = ''): Text {
  const builder = new TextBuilder();
  parts.forEach((part, index) => {
    if (index > 0) builder.append(separator);
    builder.append(part);
  });
  return builder.build();
}

/** `change` of every stretch of one origin and of those between them. Where lengths differ, a stretch stands for all of its old one. */
export function mapSpans(text: Text, change: (part: string) => string): Text {
  if (typeof text === 'string') return change(text);
  const builder = new TextBuilder();
  let end = 0;
  for (const span of text.spans) {
    builder.append(change(text.text.slice(end, span.start)));
    const part = change(text.text.slice(span.start, span.end));
    builder.append(part === '' ? part : new TrackedText(part, [{ ...span, start: 0, end: part.length }]));
    ({ end } = span);
  }
  builder.append(change(text.text.slice(end)));
  return builder.build();
}

/** Text made of another as a whole, in a way that cannot be followed character by character. */
export function derivedText(part: string, from: Text): Text {
  const [first, ...rest] = spansOf(from);
  if (first === undefined || part === '') return part;
  const last = rest.at(-1) ?? first;
  const to = last.origin === first.origin ? last.to : first.origin.text.length;
  return new TrackedText(part, [{ ...first, start: 0, end: part.length, to }]);
}

export class TextBuilder {
  #text = '';
  readonly #spans: Span[] = [];

  get length(): number {
    return this.#text.length;
  }

  append(part: Text): void {
    const offset = this.#text.length;
    if (typeof part === 'string') {
      this.#text += part;
      return;
    }
    this.#text += part.text;
    for (const span of part.spans) this.#spans.push({ ...span, start: span.start + offset, end: span.end + offset });
  }

  build(): Text {
    return this.#spans.length === 0 ? this.#text : new TrackedText(this.#text, this.#spans);
  }
}
