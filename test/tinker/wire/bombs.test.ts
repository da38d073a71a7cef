import { describe, expect, it } from 'vitest';
import { WireError } from '../../../src/tinker/wire/error.ts';
import {
  decodeForwardBackwardOutput,
  decodeForwardBackwardRequest,
} from '../../../src/tinker/wire/forward_backward.ts';
import { encodeMessage } from '../../../src/tinker/wire/schema.ts';

const MEBIBYTE = 2 ** 20;
const LIST = 2 ** 16;

describe('a few bytes that ask for much memory are refused before it is taken', () => {
  const record = Buffer.from(encodeMessage('ForwardBackwardOutput', { loss_fn_outputs: [{ num_datums: LIST }] }));
  const named = (key: string, value: Uint8Array) =>
    Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))]);
  const withTensor = (tensor: Uint8Array) =>
    Buffer.concat([
      Buffer.from(encodeMessage('ForwardBackwardRequest', { model_id: 'm', seq_id: 1, loss_fn: 'ppo' })),
      field(3, field(2, named('weights', tensor))),
    ]);
  const withBatch = (batch: Uint8Array) => field(2, field(2, named('logprobs', batch)));
  const ones = (count: number) => Buffer.alloc(count, 1);
  const offsets = (...values: number[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);

  it.each([
    [
      'records without a field, each as many as may be',
      () => decodeForwardBackwardOutput(Buffer.concat(Array.from({ length: 1000 }, () => record))),
      'loss_fn_outputs[1].num_datums: 65536 make more than the 65536 datums',
    ],
    [
      'records by offsets of nothing',
      () =>
        decodeForwardBackwardOutput(
          withBatch(Buffer.concat([field(2, offsets(...new Array(LIST + 2).fill(0))), Buffer.of(0x18, 1)])),
        ),
      'loss_fn_outputs[0].num_datums: 65537 make more than the 65536 datums',
    ],
    [
      'a shape of rows that each datum repeats',
      () => decodeForwardBackwardOutput(withBatch(field(4, ones(5 * MEBIBYTE)))),
      'loss_fn_outputs[0].fields[0].value.trailing_shape: has more than 8 numbers',
    ],
    [
      'a shape of millions of dimensions',
      () => decodeForwardBackwardRequest(withTensor(field(4, ones(5 * MEBIBYTE)))),
      'data[0].loss_fn_inputs[0].value.shape: has more than 8 numbers',
    ],
    [
      'such a shape that is not packed',
      () => decodeForwardBackwardRequest(withTensor(Buffer.alloc(5 * MEBIBYTE, Buffer.of(0x20, 1)))),
      'data[0].loss_fn_inputs[0].value.shape: has more than 8 numbers',
    ],
    [
      'such a shape in parts of one tensor',
      () => decodeForwardBackwardRequest(field(3, field(2, Buffer.alloc(5 * MEBIBYTE, field(2, field(4, ones(8))))))),
      'data[0].loss_fn_inputs[0].value: is there twice',
    ],
    [
      'datums of nothing',
      () => decodeForwardBackwardRequest(Buffer.alloc(5 * MEBIBYTE, Buffer.of(0x1a, 0))),
      'data: has more than 65536 items',
    ],
    [
      'chunks of nothing in several datums',
      () =>
        decodeForwardBackwardRequest(
          Buffer.concat(Array.from({ length: 100 }, () => field(3, Buffer.alloc(2 * LIST, Buffer.of(0x0a, 0))))),
        ),
      'holds more than 524288 messages',
    ],
  ])('%s', (_what, read, problem) => {
    const before = process.memoryUsage().heapUsed;
    const started = performance.now();
    expect(read).toThrow(WireError);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * MEBIBYTE);
    expect(read).toThrow(problem);
  });

  it('as many datums as a request may have are read', () => {
    const data = Array.from({ length: LIST }, () => ({}));
    const bytes = encodeMessage('ForwardBackwardRequest', { model_id: 'm', seq_id: 1, loss_fn: 'ppo', data });
    expect(decodeForwardBackwardRequest(bytes).data).toHaveLength(LIST);
    expect(decodeForwardBackwardOutput(record).loss_fn_outputs).toHaveLength(LIST);
  });
});

/** A field of bytes or of a message. */
function field(id: number, payload: Uint8Array): Buffer {
  const head = [id * 8 + 2];
  let { length } = payload;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) + 128);
  return Buffer.concat([Buffer.of(...head, length), payload]);
}
