// Messages survive any division of their bytes, and bytes that are no messages are refused.

import { serialize } from 'node:v8';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameError, FrameReader, frameOf } from '../../../src/engine/process/frames.ts';

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.float32Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('any'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('any'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).any;

const bytesOf = (values: readonly unknown[]) => Buffer.concat(values.flatMap((each) => frameOf(each)));

it('values come out as they went in, wherever their bytes are divided', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), fc.array(fc.nat({ max: 60 })), (values, cuts) => {
      const bytes = bytesOf(values);
      const reader = new FrameReader();
      const read: unknown[] = [];
      let at = 0;
      for (const size of cuts) {
        read.push(...reader.push(bytes.subarray(at, at + size)));
        at += size;
      }
      read.push(...reader.push(bytes.subarray(at)));
      expect(read).toEqual(values);
    }),
  );
});

it('numbers keep their bits', () => {
  const floats = Float32Array.of(0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-45);
  const [read] = new FrameReader().push(bytesOf([{ floats, doubles: [0.1, -0, Number.NaN, 2 ** 53] }]));
  expect(read).toEqual({ floats, doubles: [0.1, -0, Number.NaN, 2 ** 53] });
});

it('a frame that is too large is refused by its length, before its bytes are there, and is not made', () => {
  const large = 'x'.repeat(100);
  expect(() => frameOf(large, 50)).toThrow(FrameError);
  expect(() => new FrameReader(50).push(bytesOf([large]).subarray(0, 4))).toThrow('bytes is announced');
});

it('a body that is no value is refused, and so is what cannot be copied', () => {
  const body = serialize({ a: 1 });
  body.fill(0xff);
  const header = Buffer.alloc(4);
  header.writeUInt32LE(body.length);
  expect(() => new FrameReader().push(Buffer.concat([header, body]))).toThrow('cannot be read');
  expect(() => frameOf({ loss: () => 0 })).toThrow('could not be cloned');
});
