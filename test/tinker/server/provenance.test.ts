// Where the positions of a datum come from, as the clients say of every loss of reinforcement learning: in protobuf alone.

import { expect, it } from 'vitest';
import { type Datum, modelInputFromTokens, type ProvenanceSpan, type TensorData } from '../../../src/tinker/types.ts';
import { encodeForwardBackwardRequest } from '../../../src/tinker/wire/forward_backward.ts';
import { adamJson, openModel, openServer } from '../../support/tinker_server.ts';

const PROMPT = [5, 6, 7];
const SAMPLED = [8, 9, 10, 11];
const POSITIONS = PROMPT.length + SAMPLED.length - 1;
const span = (type: ProvenanceSpan['type'], offset: number, length: number): ProvenanceSpan => ({
  type,
  sequence_id: 'session:sample:0:1:0',
  offset,
  length,
});
const OF_INPUT = [span('prompt', 0, PROMPT.length), span('sampled', 0, SAMPLED.length - 1)];
const OF_TARGETS = [span('prompt', 1, PROMPT.length - 1), span('sampled', 0, SAMPLED.length)];

function datum(spans: Pick<Datum, 'model_input_spans' | 'loss_fn_input_spans'>): Datum {
  const tokens = [...PROMPT, ...SAMPLED];
  const floats = (ofSampled: number): TensorData => {
    const data = [...PROMPT.slice(1).map(() => 0), ...SAMPLED.map(() => ofSampled)];
    return { data, dtype: 'float32', shape: [POSITIONS] };
  };
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [POSITIONS] },
      logprobs: floats(-2),
      advantages: floats(1),
    },
    ...spans,
  };
}

async function sender() {
  const { client } = await openServer();
  const { model_id } = await openModel(client);
  const send = (seq_id: number, datums: Datum[]) =>
    client.send('POST', 'forward_backward', {
      body: Uint8Array.from(
        encodeForwardBackwardRequest({
          model_id,
          seq_id,
          data: datums,
          loss_fn: 'stable_reinforce',
          loss_fn_config: { kl_coeff: 0.1 },
          forward_only: false,
        }),
      ),
      headers: { 'Content-Type': 'application/x-protobuf' },
    });
  return { client, model_id, send };
}

it('is taken where it covers input and targets, and changes no number', async () => {
  const { client, model_id, send } = await sender();
  const spans = { model_input_spans: OF_INPUT, loss_fn_input_spans: OF_TARGETS };
  const results = [];
  for (const [i, of] of [spans, {}].entries()) {
    const { status, body } = await send(i + 1, [datum(of)]);
    expect(status).toBe(200);
    results.push(await client.result(body));
  }
  expect(results[0]).toEqual(results[1]);
  const { metrics } = await client.done('optim_step', adamJson(model_id, 3));
  expect(Object(metrics).grad_norm).toBeGreaterThan(0);
});

it('is refused where it does not, and the request counts as done', async () => {
  const { client, model_id, send } = await sender();
  const wrong = [
    { model_input_spans: OF_INPUT },
    { loss_fn_input_spans: OF_TARGETS },
    { model_input_spans: OF_INPUT.slice(1), loss_fn_input_spans: OF_TARGETS },
    { model_input_spans: OF_INPUT, loss_fn_input_spans: [...OF_TARGETS, span('prompt', 3, 2)] },
  ];
  const told = [];
  for (const [i, of] of wrong.entries()) {
    const { status, body } = await send(i + 1, [datum({}), datum(of)]);
    expect(status).toBe(400);
    told.push(body.detail);
  }
  expect(told).toMatchInlineSnapshot(`
    [
      "data[1]: has spans of its input or of its targets, and needs both or neither",
      "data[1]: has spans of its input or of its targets, and needs both or neither",
      "data[1].model_input_spans: cover 3 positions of 6",
      "data[1].loss_fn_input_spans: cover 8 positions of 6",
    ]
  `);
  await client.done('optim_step', adamJson(model_id, wrong.length + 1));
});
