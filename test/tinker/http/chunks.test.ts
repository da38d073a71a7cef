// A pass in chunks is the pass as a whole: nothing lost, nothing twice, within the limits.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chunksOf, datumBytes } from '../../../src/tinker/http/chunks.ts';
import { combineOutputs } from '../../../src/tinker/http/reduction.ts';
import type { ForwardBackwardOutput } from '../../../src/tinker/types.ts';
import { datum, toyOutput } from './support/fake_service.ts';

const data = fc.array(
  fc.array(fc.nat({ max: 100 }), { maxLength: 20 }).map((tokens) => datum(tokens)),
  { minLength: 1, maxLength: 30 },
);
const limits = fc.record({
  fwdbwd_max_chunk_len: fc.integer({ min: 1, max: 8 }),
  fwdbwd_max_chunk_bytes_count: fc.integer({ min: 1, max: 600 }),
});

it('chunks hold the datums in their order, are as full as may be, and only a datum by itself is beyond the limit', () => {
  fc.assert(
    fc.property(data, limits, (datums, limit) => {
      const chunks = chunksOf(datums, limit);
      const sizes = chunks.map((chunk) => chunk.reduce((sum, each) => sum + datumBytes(each), 0));
      expect(chunks.flat()).toEqual(datums);
      for (const [i, chunk] of chunks.entries()) {
        expect(chunk.length).toBeLessThanOrEqual(limit.fwdbwd_max_chunk_len);
        if (chunk.length > 1) expect(sizes[i]).toBeLessThanOrEqual(limit.fwdbwd_max_chunk_bytes_count);
        if (i === 0) continue;
        const isFull = chunks[i - 1].length === limit.fwdbwd_max_chunk_len;
        const overflows = sizes[i - 1] + datumBytes(chunk[0]) > limit.fwdbwd_max_chunk_bytes_count;
        expect(isFull || overflows).toBe(true);
      }
    }),
  );
});

it('the results of chunks put together are the result of the whole', () => {
  fc.assert(
    fc.property(data, limits, (datums, limit) => {
      const whole = toyOutput(datums);
      const combined = combineOutputs(chunksOf(datums, limit).map(toyOutput));
      expect(combined.loss_fn_outputs).toEqual(whole.loss_fn_outputs);
      expect(combined.metrics['loss:sum']).toBeCloseTo(whole.metrics['loss:sum'], 6);
    }),
  );
});

function output(count: number, metrics: Record<string, number>): ForwardBackwardOutput {
  return { loss_fn_output_type: 'ArrayRecord', loss_fn_outputs: new Array(count).fill({}), metrics };
}

it('metrics are reduced by what their names end with', () => {
  const first = output(3, {
    'a:sum': 1,
    'a:min': 1,
    'a:max': 1,
    'a:mean': 1,
    'a:slack': 1,
    'a:unique': 1,
    'a:hash2': 2 ** 63,
    'a:hash_unordered': 1,
    'a:b:sum': 1,
    plain: 1,
    'only:sum': 1,
  });
  const second = output(1, { ...first.metrics, 'a:min': -5, 'a:max': 5, 'a:mean': 5, 'a:slack': 5, 'a:unique': 7 });
  Reflect.deleteProperty(second.metrics, 'only:sum');
  expect(combineOutputs([first, second]).metrics).toEqual({
    'a:sum': 2,
    'a:min': -5,
    'a:max': 5,
    'a:mean': 2,
    'a:slack': 3,
    'a:unique': 1,
    'a:unique_1': 7,
    'a:hash2': 0,
  });
});

it('what one chunk says stays as it is', () => {
  const only = output(2, { plain: 1, 'a:b:c': 2, 'a:odd': 3 });
  expect(combineOutputs([only])).toBe(only);
});
