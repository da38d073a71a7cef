// What a rendering of a chat template leaves out: each of its characters knows from where in the conversation it comes, so that
// this is exact. (The pieces of a family's format know no origins: `omitted_by_text.ts`.)

import { type Origin, spansOf, type Text } from './jinja/text.ts';

/** Fields of messages that must be seen; ids and roles are for the template to use as it likes. */
const SAID = /\.(?:content|reasoning|name|arguments)$/;
const CALLED = /\.tool_calls\[\d+\]\.(?:name|arguments)$/;

/** What was left out of a rendering. */
export interface Omission {
  /** `messages[1].content` */
  path: string;
  /** Nothing of it is shown. */
  whole: boolean;
}

/** In the order of the origins, which are all that the conversation is made of. */
export function omittedByOrigin(origins: Iterable<Origin>, rendered: Text): Omission[] {
  const shown = new Map<Origin, Uint8Array>();
  for (const { origin, from, to } of spansOf(rendered)) {
    const marks = shown.get(origin) ?? new Uint8Array(origin.text.length);
    shown.set(origin, marks.fill(1, from, to));
  }
  const found: Omission[] = [];
  for (const origin of origins) {
    if (!SAID.test(origin.path) || (origin.path.endsWith('.name') && !CALLED.test(origin.path))) continue;
    const marks = shown.get(origin);
    const missing = [...origin.text.matchAll(/\S/g)].some(({ index }) => marks?.[index] !== 1);
    if (missing) found.push({ path: origin.path, whole: marks === undefined });
  }
  return found;
}
