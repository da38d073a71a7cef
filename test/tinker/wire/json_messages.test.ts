import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../../../src/tinker/wire/error.ts';
import { type ExactJson, exactJsonText, parseExactJson } from '../../../src/tinker/wire/json.ts';
import { modelInputAt, modelInputJson, tensorAt, tensorJson } from '../../../src/tinker/wire/json_datums.ts';
import {
  forwardBackwardOutputAt,
  forwardBackwardOutputJson,
  forwardBackwardRequestAt,
  forwardBackwardRequestJson,
  sampleResponseAt,
  sampleResponseJson,
} from '../../../src/tinker/wire/json_messages.ts';
import { byBits, output, readsOrRefuses, request, sampleResponse, sparseTensor, tensor } from './messages.ts';

const FINITE = { finite: true };
const sent = (value: ExactJson) => parseExactJson(exactJsonText(value));

describe('what is written is read again', () => {
  it('requests for a pass', () => {
    fc.assert(
      fc.property(request(FINITE, false), (message) => {
        expect(byBits(forwardBackwardRequestAt(sent(forwardBackwardRequestJson(message))))).toEqual(byBits(message));
      }),
    );
  });

  it('results of a pass', () => {
    fc.assert(
      fc.property(output(FINITE), (message) => {
        expect(byBits(forwardBackwardOutputAt(sent(forwardBackwardOutputJson(message))))).toEqual(byBits(message));
      }),
    );
  });

  it('samples', () => {
    fc.assert(
      fc.property(sampleResponse(FINITE), (message) => {
        expect(byBits(sampleResponseAt(sent(sampleResponseJson(message))))).toEqual(byBits(message));
      }),
    );
  });

  it('tensors, dense and sparse', () => {
    fc.assert(
      fc.property(fc.oneof(tensor(FINITE), sparseTensor(FINITE)), (message) => {
        expect(byBits(tensorAt(sent(tensorJson(message, 't')), 't'))).toEqual(byBits(message));
      }),
    );
  });
});

describe('what clients of all ages send', () => {
  it('a request with nulls, without types, with a prompt in pieces', () => {
    const text = `{"forward_backward_input": {
      "data": [{
        "model_input": {"chunks": [{"tokens": [1, 2]}, {"type": "encoded_text", "tokens": [3]}]},
        "loss_fn_inputs": {
          "target_tokens": {"data": [2, 3, 4], "dtype": "int64", "shape": null, "sparse_crow_indices": null},
          "weights": {"data": [1.5], "dtype": "float32", "shape": [3, 1],
                      "sparse_crow_indices": [0, 0, 0, 1], "sparse_col_indices": [0]}
        },
        "later": 1
      }],
      "loss_fn": "cross_entropy", "loss_fn_config": null
    }, "model_id": "s:train:0", "seq_id": 1, "type": "forward_backward"}`;
    expect(forwardBackwardRequestAt(parseExactJson(text))).toEqual({
      model_id: 's:train:0',
      seq_id: 1,
      data: [
        {
          model_input: {
            chunks: [
              { type: 'encoded_text', tokens: [1, 2] },
              { type: 'encoded_text', tokens: [3] },
            ],
          },
          loss_fn_inputs: {
            target_tokens: { data: [2, 3, 4], dtype: 'int64', shape: [3] },
            weights: { data: Float32Array.of(0, 0, 1.5), dtype: 'float32', shape: [3, 1] },
          },
        },
      ],
      loss_fn: 'cross_entropy',
      loss_fn_config: {},
      forward_only: false,
    });
  });

  it('a forward pass is told by the name of its input', () => {
    const input = { data: [], loss_fn: 'cross_entropy' };
    expect(forwardBackwardRequestAt({ forward_input: input, model_id: 'm', seq_id: 2 }).forward_only).toBe(true);
  });

  it('a picture', () => {
    const chunk = { type: 'image', data: 'iVA=', format: 'png', expected_tokens: 4 };
    const prompt = modelInputAt({ chunks: [chunk] }, 'prompt');
    expect(prompt.chunks).toEqual([{ ...chunk, data: Buffer.of(0x89, 0x50) }]);
    expect(modelInputJson(prompt)).toEqual({ chunks: [chunk] });
  });

  it('a result with nulls', () => {
    const sequence = { stop_reason: 'stop', tokens: [1], logprobs: [-1] };
    const result = { sequences: [sequence], prompt_logprobs: [null, -2], topk_prompt_logprobs: null, type: 'sample' };
    expect(sampleResponseAt(result)).toEqual({ sequences: [sequence], prompt_logprobs: [null, -2] });
  });
});

it('metrics that JSON cannot say are left out, other numbers are refused by name', () => {
  const result = { loss_fn_output_type: '', loss_fn_outputs: [], metrics: { 'loss:sum': 1, 'ratio:max': Infinity } };
  expect(forwardBackwardOutputJson(result).metrics).toEqual({ 'loss:sum': 1 });
  const logprobs = { data: Float32Array.of(-1, Number.NaN), dtype: 'float32' as const, shape: [2] };
  expect(() => forwardBackwardOutputJson({ ...result, loss_fn_outputs: [{ logprobs }] })).toThrow(
    'loss_fn_outputs[0].logprobs: value 1 is NaN',
  );
});

describe('what is wrong is named', () => {
  const datum = { model_input: { chunks: [{ tokens: [1] }] }, loss_fn_inputs: {} };
  const withDatum = (changes: ExactJson & object) => ({
    forward_backward_input: { data: [datum, { ...datum, ...changes }], loss_fn: 'ppo' },
    model_id: 'm',
    seq_id: 1,
  });
  const withInput = (input: ExactJson) => withDatum({ loss_fn_inputs: { target_tokens: input } });
  const withChunk = (chunk: ExactJson) => withDatum({ model_input: { chunks: [chunk] } });

  const refused: [value: ExactJson, problem: string][] = [
    [[], 'the request: must be an object, not a list'],
    [{ model_id: 'm' }, 'forward_backward_input: must be an object, not nothing'],
    [{ ...withDatum({}), seq_id: 0 }, 'seq_id: must be an integer from 1 to 2147483647, not 0'],
    [{ ...withDatum({}), seq_id: 10n ** 18n }, 'seq_id: must be an integer of at most 2^53, not 1000000000000000000'],
    [{ ...withDatum({}), model_id: 5 }, 'model_id: must be a text, not 5'],
    [withDatum({ loss_fn_inputs: null }), 'data[1].loss_fn_inputs: must be an object, not nothing'],
    [withChunk({ tokens: [1, 1.5] }), 'data[1].model_input.chunks[0].tokens[1]: must be an integer of at most 2^53'],
    [withChunk({ tokens: [2 ** 31] }), 'data[1].model_input.chunks[0].tokens[0]: must be a token id'],
    [withChunk({ type: 'video' }), 'data[1].model_input.chunks[0].type: must be encoded_text or image, not "video"'],
    [withChunk({}), 'data[1].model_input.chunks[0].type: must be encoded_text or image, not nothing'],
    [withChunk({ dmel: 'AA==' }), 'data[1].model_input.chunks[0]: holds sound'],
    [withChunk({ type: 'image_asset_pointer' }), 'data[1].model_input.chunks[0]: refers to a picture elsewhere'],
    [withChunk({ type: 'image', data: '?' }), 'data[1].model_input.chunks[0].data: is not base64'],
    [withChunk({ type: 'image', data: '', format: 'gif' }), 'chunks[0].format: must be one of png, jpeg, webp'],
    [withChunk({ type: 'image', data: '', format: 'png' }), 'chunks[0].expected_tokens: must be how many positions'],
    [withInput({ data: [1] }), 'target_tokens.dtype: must be "float32" or "int64", not nothing'],
    [
      withInput({ data: [1, null], dtype: 'int64' }),
      'data[1].loss_fn_inputs.target_tokens.data[1]: must be an integer',
    ],
    [withInput({ data: [10n ** 18n], dtype: 'int64' }), 'target_tokens.data[0]: must be an integer of at most 2^53'],
    [withInput({ data: ['1'], dtype: 'float32' }), 'target_tokens.data[0]: must be a number, not "1"'],
    [withInput({ data: [1], dtype: 'int64', shape: [2] }), 'target_tokens: shape [2] takes 2 values, and there are 1'],
    [
      withInput({ data: [1], dtype: 'int64', sparse_crow_indices: [0, 1], sparse_col_indices: [0] }),
      'target_tokens.shape: a sparse tensor has two dimensions',
    ],
  ];

  it.each(refused.map(([value, problem]) => ({ value, problem })))('$problem', ({ value, problem }) => {
    const read = () => forwardBackwardRequestAt(value);
    expect(read).toThrow(WireError);
    expect(read).toThrow(problem);
  });

  it('whatever the JSON is, it is read or refused, and nothing else', () => {
    const shapes = fc.constantFrom(
      'forward_backward_input',
      'data',
      'loss_fn',
      'model_input',
      'chunks',
      'loss_fn_inputs',
      'sequences',
      'loss_fn_outputs',
      'topk_prompt_logprobs',
    );
    fc.assert(
      fc.property(fc.object({ key: shapes, maxDepth: 6, withBigInt: true }), (value) => {
        const json = parseExactJson(
          exactJsonText(JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? 1 : v)))),
        );
        readsOrRefuses(() => forwardBackwardRequestAt(json));
        readsOrRefuses(() => forwardBackwardOutputAt(json));
        return readsOrRefuses(() => sampleResponseAt(json));
      }),
    );
  });
});
