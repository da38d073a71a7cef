// What a protobuf message may ask of memory, checked in its bytes before anything is built: two bytes can stand for an object.

import protobuf from 'protobufjs/light.js';
import { WireError } from './error.ts';

/** Of one request or result. */
export const MAX_DATUMS = 2 ** 16;
/** Of a tensor. Repeated numbers are shapes alone: all else that is many is bytes. */
export const MAX_DIMENSIONS = 8;
/** In one list of messages. None is longer than that of the datums. */
const MAX_ITEMS = MAX_DATUMS;
/** On all levels of one message. */
const MAX_MESSAGES = 2 ** 19;

type Place = () => string;

/** Throws a WireError for what holds too much. Bytes that are no protobuf may raise errors of the reader. */
export function checkBounds(type: protobuf.Type, bytes: Uint8Array): void {
  const reader = protobuf.Reader.create(bytes);
  let messages = 0;

  /** Passes over fields as the decoder does: one of another wire type than its own counts as unknown. */
  function check({ fieldsById }: protobuf.Type, end: number, place: Place): void {
    if (++messages > MAX_MESSAGES) throw tooMany('', `holds more than ${MAX_MESSAGES} messages`);
    /** How much there was of each field, by its number. */
    const counts: number[] = [];
    while (reader.pos < end) {
      const tag = reader.tag();
      const id = tag >>> 3;
      const wireType = tag & 7;
      const field = fieldsById[id]?.resolve();
      const at = () => `${place() === '' ? '' : `${place()}.`}${field.name}`;
      const before = counts[id] ?? 0;
      if (field?.resolvedType instanceof protobuf.Type && wireType === 2) {
        counts[id] = before + 1;
        // The decoder would merge the two, and the shapes in them.
        if (before === 1 && !field.repeated) throw new WireError(at(), 'is there twice');
        if (before === MAX_ITEMS) throw tooMany(at(), `has more than ${MAX_ITEMS} items`);
        const length = reader.size();
        const inner = reader.pos + length;
        if (inner > end) throw new RangeError(`${at()} goes on after the end of what holds it`);
        check(field.resolvedType, inner, field.repeated ? () => `${at()}[${before}]` : at);
        continue;
      }
      const start = reader.pos;
      reader.skipType(wireType, 0, id);
      if (field?.repeated && (wireType === 0 || wireType === 2)) {
        counts[id] = before + (wireType === 0 ? 1 : packedCount(bytes, start, reader.pos));
        if (counts[id] > MAX_DIMENSIONS) throw new WireError(at(), `has more than ${MAX_DIMENSIONS} numbers`);
      }
    }
    if (reader.pos > end) throw new RangeError(`${place()} ends within a field`);
  }

  check(type, bytes.length, () => '');
}

/** At most this many numbers are in a field from its length on: each ends with the byte that says that none follows, the length too. */
function packedCount(bytes: Uint8Array, start: number, end: number): number {
  let count = -1;
  for (let i = start; i < end && count <= MAX_DIMENSIONS; i++) if (bytes[i] < 0x80) count++;
  return count;
}

function tooMany(place: string, problem: string): WireError {
  return new WireError(place, problem, { hint: 'Send the data in several requests.' });
}
