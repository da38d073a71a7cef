// Protobuf messages of other tools, as tables of the fields that are used of them; all others are skipped.

import protobuf from 'protobufjs/light.js';
import { isJsonObject, type JsonObject } from '../util/json.ts';

/** Number, type and rule of a field. `either`: one of the fields so marked is set. */
export type FieldSpec = readonly [id: number, type: string, rule?: 'repeated' | 'either'];

export interface Messages<Name extends string> {
  encode(name: Name, message: object): Uint8Array;
  /**
   * int64 as numbers, bytes in base64; what is absent has its default, and of fields marked `either` only the one that is set is there.
   * @throws an error for what is no such message
   */
  decode(name: Name, bytes: Uint8Array): JsonObject;
}

export function messagesOf<Name extends string>(
  table: Readonly<Record<Name, Readonly<Record<string, FieldSpec>>>>,
): Messages<Name> {
  const specs: [string, Readonly<Record<string, FieldSpec>>][] = Object.entries(table);
  const root = protobuf.Root.fromJSON({
    nested: Object.fromEntries(specs.map(([name, fields]) => [name, typeOf(fields)])),
  });
  return {
    encode: (name, message) => root.lookupType(name).encode(message).finish(),
    decode(name, bytes) {
      const type = root.lookupType(name);
      const reader = protobuf.Reader.create(bytes);
      reader.discardUnknown = true;
      const options = { longs: Number, bytes: String, defaults: true, arrays: true };
      const message: unknown = type.toObject(type.decode(reader), options);
      if (!isJsonObject(message)) throw new TypeError(`no ${name}`);
      return message;
    },
  };
}

function typeOf(specs: Readonly<Record<string, FieldSpec>>) {
  const entries = Object.entries(specs);
  const fields = Object.fromEntries(
    entries.map(([name, [id, type, rule]]) => [name, rule === 'repeated' ? { id, type, rule } : { id, type }]),
  );
  const either = entries.flatMap(([name, [, , rule]]) => (rule === 'either' ? [name] : []));
  const oneofs: Record<string, { oneof: string[] }> = either.length === 0 ? {} : { either: { oneof: either } };
  return { edition: 'proto3', fields, oneofs };
}
