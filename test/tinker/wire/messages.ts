// Messages of every kind for properties, and what compares them by the bits of their numbers.

import fc from 'fast-check';
import type {
  Datum,
  ForwardBackwardOutput,
  ModelInputChunk,
  ProvenanceSpan,
  SampledSequence,
  SampleResponse,
  SparseTensorData,
  TensorData,
  TopkLogprobs,
} from '../../../src/tinker/types.ts';
import { WireError } from '../../../src/tinker/wire/error.ts';
import type { ForwardBackwardRequest } from '../../../src/tinker/wire/forward_backward.ts';

/** Numbers that JSON can say, or all of them. */
interface Numbers {
  finite: boolean;
}

const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => text !== '__proto__');
const named = <T>(value: fc.Arbitrary<T>) => fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true });
const tokens = fc.array(fc.integer(), { maxLength: 8 });

const float32 = ({ finite }: Numbers) =>
  // JSON.stringify writes -0 as 0.
  finite ? fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0) : fc.float();
const double = ({ finite }: Numbers) =>
  finite ? fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0) : fc.double();

export function tensor(numbers: Numbers, shapes: fc.Arbitrary<number[]> = shape): fc.Arbitrary<TensorData> {
  return shapes.chain((sizes) => values(numbers, cellsOf(sizes)).map((filled) => ({ ...filled, shape: sizes })));
}

const shape = fc.oneof(
  fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 1 }),
  fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 3 }),
);
const cellsOf = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);

function values(numbers: Numbers, length: number): fc.Arbitrary<Pick<TensorData, 'data' | 'dtype'>> {
  const size = { minLength: length, maxLength: length };
  return fc.oneof(
    fc.array(float32(numbers), size).map((data) => ({ data: Float32Array.from(data), dtype: 'float32' as const })),
    fc.array(fc.maxSafeInteger(), size).map((data) => ({ data: data.map((v) => v + 0), dtype: 'int64' as const })),
  );
}

export function sparseTensor(numbers: Numbers): fc.Arbitrary<SparseTensorData> {
  const cells = fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { maxLength: 4 });
  return cells.chain((rows) => {
    const columns = rows.map((row) => row.flatMap((listed, column) => (listed ? [column] : [])));
    const starts = [0];
    for (const row of columns) starts.push(starts[starts.length - 1] + row.length);
    return values(numbers, starts[rows.length]).map((filled) => ({
      ...filled,
      shape: [rows.length, 3],
      sparse_crow_indices: starts,
      sparse_col_indices: columns.flat(),
    }));
  });
}

const chunk: fc.Arbitrary<ModelInputChunk> = fc.oneof(
  fc.record({ type: fc.constant('encoded_text' as const), tokens }),
  fc.record({
    type: fc.constant('image' as const),
    data: fc.uint8Array({ maxLength: 8 }),
    format: fc.constantFrom('png', 'jpeg', 'webp'),
    expected_tokens: fc.nat(),
  }),
);

const span: fc.Arbitrary<ProvenanceSpan> = fc.record({
  type: fc.constantFrom('prompt', 'sampled'),
  sequence_id: name,
  offset: fc.maxSafeNat(),
  length: fc.maxSafeNat(),
});
const spans = fc.array(span, { minLength: 1, maxLength: 3 });

function datum(numbers: Numbers, withSpans: boolean): fc.Arbitrary<Datum> {
  const required = {
    model_input: fc.record({ chunks: fc.array(chunk, { maxLength: 3 }) }),
    loss_fn_inputs: named(tensor(numbers)),
  };
  if (!withSpans) return fc.record(required);
  return fc.record(
    { ...required, model_input_spans: spans, loss_fn_input_spans: spans },
    { requiredKeys: ['model_input', 'loss_fn_inputs'] },
  );
}

export function request(numbers: Numbers, withSpans: boolean): fc.Arbitrary<ForwardBackwardRequest> {
  return fc.record({
    model_id: name.filter((text) => text !== ''),
    seq_id: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    data: fc.array(datum(numbers, withSpans), { maxLength: 4 }),
    loss_fn: name.filter((text) => text !== ''),
    loss_fn_config: named(fc.oneof(double(numbers), name)),
    forward_only: fc.boolean(),
  });
}

/** Datums of several widths K, some without a field. */
export function output(numbers: Numbers): fc.Arbitrary<ForwardBackwardOutput> {
  const rows = fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 }));
  const shapes = fc.oneof(
    rows.map(([n]) => [n]),
    rows.map(([n, k]) => [n, k]),
  );
  return fc.record({
    loss_fn_output_type: name,
    loss_fn_outputs: fc.array(
      fc.oneof(
        named(tensor(numbers, shapes)),
        fc.record({ logprobs: tensor(numbers, shapes), elementwise_loss: tensor(numbers, shapes) }),
      ),
      { maxLength: 6 },
    ),
    metrics: named(double(numbers)),
  });
}

const topk = (numbers: Numbers): fc.Arbitrary<TopkLogprobs> =>
  fc.array(fc.option(fc.array(fc.tuple(fc.integer(), float32(numbers)), { minLength: 1, maxLength: 3 })), {
    maxLength: 4,
  });

function sequence(numbers: Numbers): fc.Arbitrary<SampledSequence> {
  return tokens.chain((sampled) =>
    fc.record(
      {
        stop_reason: fc.constantFrom('stop' as const, 'length' as const),
        tokens: fc.constant(sampled),
        logprobs: fc.array(float32(numbers), { minLength: sampled.length, maxLength: sampled.length }),
        topk_sampled_logprobs: topk(numbers),
      },
      { requiredKeys: ['stop_reason', 'tokens', 'logprobs'] },
    ),
  );
}

export function sampleResponse(numbers: Numbers): fc.Arbitrary<SampleResponse> {
  return fc.record(
    {
      sequences: fc.array(sequence(numbers), { maxLength: 3 }),
      prompt_logprobs: fc.array(fc.option(float32(numbers).filter((value) => !Number.isNaN(value)))),
      topk_prompt_logprobs: topk(numbers),
      prompt_cache_hit_tokens: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      target_prompt_logprobs: fc.oneof(tensor(numbers), sparseTensor(numbers)),
      prompt_alt_tokens: fc.record({ tokens: tensor(numbers), logprobs: tensor(numbers) }),
    },
    { requiredKeys: ['sequences'] },
  );
}

/** The value with all bytes and floats in hex, so that equal means equal bits. */
export function byBits(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  }
  if (Array.isArray(value)) return value.map(byBits);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, byBits(member)]));
}

/** Anything but a result or a WireError is a defect. */
export function readsOrRefuses(read: () => unknown): boolean {
  try {
    read();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  return true;
}
