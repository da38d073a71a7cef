// How much text a token stands for: with it the ids of a text are divided without encoding a part of it again.

import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/** Bytes of UTF-8; NaN for a token that stands for any text. */
export type TokenWidth = (id: number) => number;

const BYTE = /^<0x[0-9A-Fa-f]{2}>$/;

/** Of the tokenizer in a tokenizer.json, whose added tokens are spelled as in text. */
export function tokenWidths(
  json: JsonObject,
  {
    unknownId,
    addedIds,
    tokenOf,
  }: {
    unknownId: number | null;
    addedIds: ReadonlySet<number>;
    tokenOf(id: number): string | undefined;
  },
): TokenWidth {
  const ofBytes = holdsType(json.pre_tokenizer ?? null, 'ByteLevel') || holdsType(json.normalizer ?? null, 'ByteLevel');
  const fallsBack = isJsonObject(json.model) && json.model.byte_fallback === true;
  const widths = new Map<number, number>();
  const measure = (id: number): number => {
    const token = tokenOf(id);
    if (token === undefined || id === unknownId) return Number.NaN;
    if (addedIds.has(id)) return Buffer.byteLength(token);
    if (ofBytes) return token.length;
    return fallsBack && BYTE.test(token) ? 1 : Buffer.byteLength(token.replaceAll('▁', ' '));
  };
  return (id) => {
    const known = widths.get(id) ?? measure(id);
    widths.set(id, known);
    return known;
  };
}

function holdsType(json: JsonValue, type: string): boolean {
  if (Array.isArray(json)) return json.some((each) => holdsType(each, type));
  return (
    isJsonObject(json) && (json.type === type || Object.values(json).some((each) => holdsType(each ?? null, type)))
  );
}
