import fc from 'fast-check';
import protobuf from 'protobufjs/light.js';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Datum, SampleResponse, SparseTensorData, TensorData } from '../../../src/tinker/types.ts';
import { UnwritableError, WireError } from '../../../src/tinker/wire/error.ts';
import {
  decodeForwardBackwardOutput,
  decodeForwardBackwardRequest,
  encodeForwardBackwardOutput,
  encodeForwardBackwardRequest,
  type ForwardBackwardRequest,
} from '../../../src/tinker/wire/forward_backward.ts';
import { decodeSampleResponse, encodeSampleResponse } from '../../../src/tinker/wire/sample.ts';
import { encodeMessage } from '../../../src/tinker/wire/schema.ts';
import { byBits, output, readsOrRefuses, request, sampleResponse } from './messages.ts';

const ANY = { finite: false };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Encoded messages of all kinds, each with the function that reads it. */
const encoded = fc.oneof(
  request(ANY, true).map((message) => ({
    bytes: encodeForwardBackwardRequest(message),
    read: (bytes: Uint8Array): unknown => decodeForwardBackwardRequest(bytes),
  })),
  output(ANY).map((message) => ({
    bytes: encodeForwardBackwardOutput(message),
    read: (bytes: Uint8Array): unknown => decodeForwardBackwardOutput(bytes),
  })),
  sampleResponse(ANY).map((message) => ({
    bytes: encodeSampleResponse(message),
    read: (bytes: Uint8Array): unknown => decodeSampleResponse(bytes),
  })),
);

describe('what is encoded is decoded again, bit by bit', () => {
  it('requests for a pass', () => {
    fc.assert(
      fc.property(request(ANY, true), (message) => {
        expect(byBits(decodeForwardBackwardRequest(encodeForwardBackwardRequest(message)))).toEqual(byBits(message));
      }),
    );
  });

  it('results of a pass', () => {
    fc.assert(
      fc.property(output(ANY), (message) => {
        expect(byBits(decodeForwardBackwardOutput(encodeForwardBackwardOutput(message)))).toEqual(byBits(message));
      }),
    );
  });

  it('samples', () => {
    fc.assert(
      fc.property(sampleResponse(ANY), (message) => {
        expect(byBits(decodeSampleResponse(encodeSampleResponse(message)))).toEqual(byBits(message));
      }),
    );
  });

  it('wherever in a buffer the bytes lie', () => {
    fc.assert(
      fc.property(encoded, fc.integer({ min: 1, max: 7 }), ({ bytes, read }, offset) => {
        const larger = new Uint8Array(offset + bytes.length);
        larger.set(bytes, offset);
        expect(byBits(read(larger.subarray(offset)))).toEqual(byBits(read(bytes)));
        expect(byBits(read(Buffer.from(larger.buffer, offset)))).toEqual(byBits(read(bytes)));
      }),
    );
  });

  it('masks of log-probs, which are 0 or not, of all datums or of none', () => {
    const empty = { model_input: { chunks: [] }, loss_fn_inputs: {} };
    const message = sent({ data: [empty, empty], logprobs: [[0, 0.5, -1], []] });
    const bytes = encodeForwardBackwardRequest(message);
    const masks = decodeForwardBackwardRequest(bytes).logprobs?.map((mask) => Array.from(mask));
    expect(masks).toEqual([[0, 1, 1], []]);
    const halved = encodeForwardBackwardRequest({ ...message, logprobs: [[1]] });
    expect(() => decodeForwardBackwardRequest(halved)).toThrow('data: 1 of 2 datums have a logprob_mask');
  });

  it('names that are special to JavaScript', () => {
    const message = sent({ loss_fn_config: JSON.parse('{"__proto__":1,"constructor":"x"}') });
    const { loss_fn_config } = decodeForwardBackwardRequest(encodeForwardBackwardRequest(message));
    expect(Object.entries(loss_fn_config)).toEqual([
      ['__proto__', 1],
      ['constructor', 'x'],
    ]);
  });
});

describe('bytes from elsewhere', () => {
  it('fields of later versions are passed over', () => {
    const unknown = fc.tuple(fc.integer({ min: 100, max: 10_000 }), fc.constantFrom(0, 1, 2, 5), fc.uint8Array());
    fc.assert(
      fc.property(encoded, unknown, ({ bytes, read }, [number, type, payload]) => {
        const writer = protobuf.Writer.create().uint32(number * 8 + type);
        if (type === 0) writer.uint64(payload.length);
        if (type === 1) writer.double(1);
        if (type === 2) writer.bytes(payload);
        if (type === 5) writer.float(1);
        const field = writer.finish();
        for (const longer of [Buffer.concat([bytes, field]), Buffer.concat([field, bytes])]) {
          expect(byBits(read(longer))).toEqual(byBits(read(bytes)));
        }
      }),
    );
  });

  it('what is cut short is read or refused, and nothing else', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), ({ bytes, read }, cut) =>
        readsOrRefuses(() => read(bytes.subarray(0, cut % (bytes.length + 1)))),
      ),
      { numRuns: 500 },
    );
  });

  it('what is damaged is read or refused, and nothing else', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), fc.nat({ max: 255 }), ({ bytes, read }, at, value) => {
        const damaged = new Uint8Array(bytes);
        damaged[at % Math.max(1, bytes.length)] = value;
        return readsOrRefuses(() => read(damaged));
      }),
      { numRuns: 1000 },
    );
  });

  it('what is noise is read or refused, and nothing else', () => {
    fc.assert(
      fc.property(encoded, fc.uint8Array({ maxLength: 200 }), ({ read }, noise) => readsOrRefuses(() => read(noise))),
      { numRuns: 1000 },
    );
  });

  it('shapes that are not packed are read', () => {
    // dense "00 00 80 3f" = 1, dtype 1, shape 1 and 1 as two fields.
    const tensor = '0a04 0000803f 1801 2001 2001'.replaceAll(' ', '');
    const { target_prompt_logprobs } = decodeSampleResponse(Buffer.from(`2a0c${tensor}`, 'hex'));
    expect(byBits(target_prompt_logprobs)).toEqual(
      byBits({ data: Float32Array.of(1), dtype: 'float32', shape: [1, 1] }),
    );
  });

  it('a tensor without a shape is a vector, one of bfloat16 or int32 is widened', () => {
    const bfloat16 = { dense: Uint8Array.of(0x80, 0x3f, 0x20, 0xc1), dtype: 4 };
    const int32 = { dense: Uint8Array.of(1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), dtype: 3 };
    const bytes = encodeMessage('SampleResponse', { prompt_alt_tokens: { tokens: int32, logprobs: bfloat16 } });
    expect(decodeSampleResponse(bytes).prompt_alt_tokens).toEqual({
      tokens: { data: [1, -1], dtype: 'int64', shape: [2] },
      logprobs: { data: Float32Array.of(1, -10), dtype: 'float32', shape: [2] },
    });
  });

  it('settings of a loss are read from either field, the newer one first', () => {
    const bytes = encodeMessage('ForwardBackwardRequest', {
      model_id: 'm',
      seq_id: 1,
      loss_fn: 'ppo',
      loss_fn_config: [
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
      ],
      loss_fn_config_v2: [
        { key: 'b', value: { number: 3 } },
        { key: 'c', value: { text: '' } },
      ],
    });
    expect(decodeForwardBackwardRequest(bytes).loss_fn_config).toEqual({ a: 1, b: 3, c: '' });
  });

  it('a result without a count of datums is counted by its offsets', () => {
    const offsets = Uint8Array.of(...[0, 4, 4].flatMap((offset) => [offset, 0, 0, 0, 0, 0, 0, 0]));
    const value = { data: Uint8Array.of(0, 0, 0x80, 0x3f), offsets, dtype: 1 };
    const bytes = encodeMessage('ForwardBackwardOutput', {
      loss_fn_outputs: [{ fields: [{ key: 'logprobs', value }] }],
    });
    expect(decodeForwardBackwardOutput(bytes).loss_fn_outputs).toEqual([
      { logprobs: { data: Float32Array.of(1), dtype: 'float32', shape: [1] } },
      { logprobs: { data: Float32Array.of(), dtype: 'float32', shape: [0] } },
    ]);
  });
});

describe('what is wrong is named', () => {
  const tensor = (message: object) => ({ key: 'target_tokens', value: { dtype: 2, ...message } });
  const withInput = (message: object) =>
    encodeMessage('ForwardBackwardRequest', {
      model_id: 'm',
      seq_id: 1,
      loss_fn: 'ppo',
      data: [{}, { loss_fn_inputs: [tensor(message)] }],
    });
  const int64 = (...values: bigint[]) => new Uint8Array(BigInt64Array.from(values).buffer);

  it.each([
    ['an integer beyond 2^53', { dense: int64(0n, 2n ** 53n) }, 'value 1 is beyond 2^53'],
    ['half a number', { dense: new Uint8Array(12) }, '12 bytes are no whole count of numbers of 8 bytes'],
    ['a shape of other size', { dense: int64(1n), shape: [2, 3] }, 'shape [2,3] takes 6 values, and there are 1'],
    ['no type', { dtype: 0, dense: int64(1n) }, 'must be 1 (float32)'],
    ['a sparse tensor that fills memory', sparse(int64(0n, 0n), [1, 2 ** 40]), 'more than one request may hold'],
    ['a sparse tensor whose rows fall', sparse(int64(0n, 1n, 0n), [2, 2]), 'must be 3 numbers rising from 0 to 0'],
  ])('%s', (_what, message, problem) => {
    const read = () => decodeForwardBackwardRequest(withInput(message));
    expect(read).toThrow(WireError);
    expect(read).toThrow('data[1].loss_fn_inputs.target_tokens');
    expect(read).toThrow(problem);
  });

  function sparse(crow_indices: Uint8Array, shape: number[]) {
    return { sparse_csr: { crow_indices }, shape };
  }

  it('a request that lacks its number', () => {
    const bytes = encodeMessage('ForwardBackwardRequest', { model_id: 'm', loss_fn: 'ppo' });
    expect(() => decodeForwardBackwardRequest(bytes)).toThrow('seq_id: must be an integer from 1');
  });

  it('sound', () => {
    const bytes = encodeMessage('ForwardBackwardRequest', {
      model_id: 'm',
      seq_id: 1,
      loss_fn: 'ppo',
      data: [{ model_input: [{ dmel: { dmel: new Uint8Array(1) } }] }],
    });
    expect(() => decodeForwardBackwardRequest(bytes)).toThrow('data[0].model_input.chunks[0]: holds sound');
  });

  it('a token that 32 bits cannot hold, before it is sent', () => {
    const chunks = [{ type: 'encoded_text' as const, tokens: [1, 2 ** 31] }];
    const message = sent({ data: [{ model_input: { chunks }, loss_fn_inputs: {} }] });
    expect(() => encodeForwardBackwardRequest(message)).toThrow(
      'data[0].model_input.chunks[0].tokens: value 1 must be',
    );
  });
});

it('numbers that the fields cannot hold are refused where they are written, by name', () => {
  const withDatum = (datum: Partial<Datum>) => () =>
    encodeForwardBackwardRequest(sent({ data: [{ model_input: { chunks: [] }, loss_fn_inputs: {}, ...datum }] }));
  const picture = { type: 'image' as const, data: new Uint8Array(), format: 'png' as const, expected_tokens: 2 ** 31 };
  const span = { type: 'prompt' as const, sequence_id: 'q', offset: 0, length: 1.5 };
  const weights = { data: [1, 1e39], dtype: 'float32' as const, shape: [2] };
  const written: [write: () => unknown, problem: string][] = [
    [
      withDatum({ model_input: { chunks: [picture] } }),
      'data[0].model_input.chunks[0].expected_tokens: must be how many',
    ],
    [
      withDatum({ model_input_spans: [span] }),
      'data[0].model_input_spans[0].length: must be an integer from 0 to 2^53',
    ],
    [
      withDatum({ loss_fn_inputs: { weights } }),
      'data[0].loss_fn_inputs.weights: value 1 is 1e+39, too large for float32',
    ],
    [
      () => encodeSampleResponse({ sequences: [], prompt_cache_hit_tokens: 2 ** 31 }),
      'prompt_cache_hit_tokens: must be an integer of 32 bits, not 2147483648',
    ],
    [
      () => encodeSampleResponse({ sequences: [], prompt_logprobs: [null, -1e39] }),
      'prompt_logprobs: value 1 is -1e+39',
    ],
    [() => encodeForwardBackwardRequest(sent({ seq_id: 0 })), 'seq_id: must be an integer from 1'],
  ];
  for (const [write, problem] of written) {
    expect(write).toThrow(UnwritableError);
    expect(write).not.toThrow(WireError);
    expect(write).toThrow(problem);
  }
});

it('a sparse tensor does not pass as a dense one', () => {
  expectTypeOf<SparseTensorData>().not.toExtend<TensorData>();
  expectTypeOf<TensorData>().not.toExtend<SparseTensorData>();
});

it('sparse inputs of a loss are read as dense ones, zero where nothing is listed', () => {
  // The type of a datum has no room for it: clients in other languages send it.
  const weights = JSON.parse(
    '{"data":[1.5,-2],"dtype":"float32","shape":[2,3],"sparse_crow_indices":[0,0,2],"sparse_col_indices":[0,2]}',
  );
  const message = sent({ data: [{ model_input: { chunks: [] }, loss_fn_inputs: { weights } }] });
  const { data } = decodeForwardBackwardRequest(encodeForwardBackwardRequest(message));
  expect(data[0].loss_fn_inputs.weights).toEqual({
    data: Float32Array.of(0, 0, 0, 1.5, 0, -2),
    dtype: 'float32',
    shape: [2, 3],
  });
});

it('datums of one kind share a record', () => {
  const logprobs = { data: Float32Array.of(-1), dtype: 'float32' as const, shape: [1] };
  const records = (count: number) =>
    encodeForwardBackwardOutput({
      loss_fn_output_type: '',
      loss_fn_outputs: Array.from({ length: count }, () => ({ logprobs })),
      metrics: {},
    });
  // Four bytes of data and eight of offset for each further datum, and no names again.
  expect(records(3).length - records(2).length).toBe(12);
});

// Made by Google's own protobuf (Python package protobuf 7.36.2, deterministic serialization) from descriptors with the names,
// numbers and types of the reference's tables.
describe('the bytes are those of the reference implementation', () => {
  it('a request', () => {
    const bytes =
      '0a09733a747261696e3a3010031a9b010a0c0a0a0a08010000002c0100000a0d120b0a0289501203706e67180012280a0d7461726765745f746f' +
      '6b656e7312170a102c01000000000000ffffffffffffffff1802220102123d0a07776569676874731232122a0a040000c03f1218000000000000' +
      '0000000000000000000001000000000000001a0802000000000000001801220202031a070a050a01711802220a12080a0171100118ac02220370' +
      '706f2a0f0a046265746111000000000000e03f30013a110a0462657461120909000000000000e03f3a0e0a076c6f73735f69641203120178';
    const message: ForwardBackwardRequest = {
      model_id: 's:train:0',
      seq_id: 3,
      data: [
        {
          model_input: {
            chunks: [
              { type: 'encoded_text', tokens: [1, 300] },
              { type: 'image', data: Uint8Array.of(0x89, 0x50), format: 'png', expected_tokens: 0 },
            ],
          },
          loss_fn_inputs: {
            target_tokens: { data: [300, -1], dtype: 'int64', shape: [2] },
            weights: JSON.parse(
              '{"data":[1.5],"dtype":"float32","shape":[2,3],"sparse_crow_indices":[0,0,1],"sparse_col_indices":[2]}',
            ),
          },
          model_input_spans: [{ type: 'prompt', sequence_id: 'q', offset: 0, length: 2 }],
          loss_fn_input_spans: [{ type: 'sampled', sequence_id: 'q', offset: 1, length: 300 }],
        },
      ],
      loss_fn: 'ppo',
      loss_fn_config: { beta: 0.5, loss_id: 'x' },
      forward_only: true,
    };
    expect(hex(encodeForwardBackwardRequest(message))).toBe(bytes);
    const [{ loss_fn_inputs }] = decodeForwardBackwardRequest(Buffer.from(bytes, 'hex')).data;
    expect(loss_fn_inputs.weights.data).toEqual(Float32Array.of(0, 0, 0, 0, 0, 1.5));
  });

  it('a result of mixed widths', () => {
    const bytes =
      '0a0b41727261795265636f7264123a12360a086c6f6770726f6273122a0a0c000080bf000000c0000040c0121800000000000000000400000000' +
      '0000000c00000000000000180118021231122d0a086c6f6770726f627312210a08000080bf000000c01210000000000000000008000000000000' +
      '00180122010218011a130a086c6f73733a73756d1100000000000004c0';
    const message = {
      loss_fn_output_type: 'ArrayRecord',
      loss_fn_outputs: [
        { logprobs: { data: Float32Array.of(-1), dtype: 'float32' as const, shape: [1] } },
        { logprobs: { data: Float32Array.of(-2, -3), dtype: 'float32' as const, shape: [2] } },
        { logprobs: { data: Float32Array.of(-1, -2), dtype: 'float32' as const, shape: [1, 2] } },
      ],
      metrics: { 'loss:sum': -2.5 },
    };
    expect(hex(encodeForwardBackwardOutput(message))).toBe(bytes);
    expect(byBits(decodeForwardBackwardOutput(Buffer.from(bytes, 'hex')))).toEqual(byBits(message));
  });

  it('samples', () => {
    const bytes =
      '0a400801120807000000080000001a08000080bf000000c022280a10070000000000000008000000090000001210000080bf804fc3c7000000c0' +
      '000040c0180220020a0c1204090000001a04000080c012080000c07f000000bf1a180a0800000000050000001208804fc3c7000080bf18012002' +
      '20052a2a12220a040000c0bf1210000000000000000001000000000000001a08010000000000000018012202010232200a100a08030000000000' +
      '0000180222020101120c0a04000080be180122020101';
    const message: SampleResponse = {
      sequences: [
        {
          stop_reason: 'length',
          tokens: [7, 8],
          logprobs: [-1, -2],
          topk_sampled_logprobs: [
            [[7, -1]],
            [
              [8, -2],
              [9, -3],
            ],
          ],
        },
        { stop_reason: 'stop', tokens: [9], logprobs: [-4] },
      ],
      prompt_cache_hit_tokens: 5,
      prompt_logprobs: [null, -0.5],
      topk_prompt_logprobs: [null, [[5, -1]]],
      target_prompt_logprobs: {
        data: Float32Array.of(-1.5),
        dtype: 'float32',
        shape: [1, 2],
        sparse_crow_indices: [0, 1],
        sparse_col_indices: [1],
      },
      prompt_alt_tokens: {
        tokens: { data: [3], dtype: 'int64', shape: [1, 1] },
        logprobs: { data: Float32Array.of(-0.25), dtype: 'float32', shape: [1, 1] },
      },
    };
    expect(hex(encodeSampleResponse(message))).toBe(bytes);
    expect(byBits(decodeSampleResponse(Buffer.from(bytes, 'hex')))).toEqual(byBits(message));
  });
});

function sent(changes: Partial<ForwardBackwardRequest>): ForwardBackwardRequest {
  return { model_id: 'm', seq_id: 1, data: [], loss_fn: 'ppo', loss_fn_config: {}, forward_only: false, ...changes };
}
