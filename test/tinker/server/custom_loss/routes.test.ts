// A loss that a client teaches the server, from its graph to the step that it makes.

import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/util/json.ts';
import {
  adamJson,
  datumJson,
  type JsonClient,
  openModel,
  openServer,
  passJson,
  TOKENS,
} from '../../../support/tinker_server.ts';
import { call, graphOf, method, ref } from './graphs.ts';

const RANKS = [
  ['logprobs', 1],
  ['q', 1],
  ['advantages', 1],
] as const;

/** Importance sampling, as somebody would write it. */
const IMPORTANCE_SAMPLING = graphOf(
  RANKS,
  [
    call('diff', 'operator.sub', ref('logprobs'), ref('q')),
    method('ratio', 'exp', ref('diff')),
    call('product', 'operator.mul', ref('ratio'), ref('advantages')),
    call('sum', 'torch.sum', ref('product')),
    call('loss', 'operator.neg', ref('sum')),
    method('mean', 'mean', ref('ratio')),
  ],
  'loss',
  { 'custom/ratio:mean': 'mean' },
);

const float = (data: number[]) => ({ data, dtype: 'float32', shape: [data.length] });
const q = TOKENS.slice(1).map((_, i) => -2 - i / 10);
const advantages = TOKENS.slice(1).map((_, i) => (i % 2 === 0 ? 1 : -0.5));

async function taught(client: JsonClient, session_id: string, number = 0): Promise<JsonObject> {
  return await client.done('create_custom_loss', {
    session_id,
    custom_loss_seq_id: number,
    name: 'mine',
    type: 'create_custom_loss',
    ...IMPORTANCE_SAMPLING,
  });
}

function passWith(model_id: string, seq_id: number, loss_id: string) {
  const data = [datumJson(TOKENS, { q: float(q), advantages: float(advantages) })];
  const loss_fn_config = { loss_id };
  return { model_id, seq_id, forward_backward_input: { data, loss_fn: 'custom', loss_fn_config } };
}

describe('a loss that was created', () => {
  it('trains as the same loss of the API does', async () => {
    const { client } = await openServer();
    const [own, known] = [await openModel(client), await openModel(client)];
    const { loss_id, type } = await taught(client, own.session_id);
    expect({ loss_id, type }).toEqual({ loss_id: `${own.session_id}:loss:0`, type: 'create_custom_loss' });

    const first: JsonObject = await client.done('forward_backward', passWith(own.model_id, 1, `${loss_id}`));
    const datum = datumJson(TOKENS, { logprobs: float(q), advantages: float(advantages) });
    const second = await client.done('forward_backward', passJson(known.model_id, 1, [datum], 'importance_sampling'));
    const [mine, theirs] = [first, second].map(({ metrics }) => Object(metrics));
    expect(mine['loss:sum']).toBeCloseTo(theirs['loss:sum'], 4);
    expect(mine['custom/ratio:mean']).toBeGreaterThan(0);
    expect(first.loss_fn_outputs).toEqual(second.loss_fn_outputs);

    const after = await Promise.all(
      [own, known].map(async ({ model_id }) => {
        await client.done('optim_step', adamJson(model_id, 2));
        return Object((await client.done('forward', passJson(model_id, 3))).metrics)['loss:sum'];
      }),
    );
    expect(after[0]).toBeCloseTo(after[1], 4);
    expect(after[0]).not.toBeCloseTo(
      Object((await client.done('forward', passJson((await openModel(client)).model_id, 1))).metrics)['loss:sum'],
      4,
    );
  });

  it('is created once for a number', async () => {
    const { client } = await openServer();
    const session_id = await client.session();
    expect(await taught(client, session_id)).toEqual(await taught(client, session_id));
    expect((await taught(client, session_id, 1)).loss_id).toBe(`${session_id}:loss:1`);
  });

  it('is of its session alone', async () => {
    const { client } = await openServer();
    const { loss_id } = await taught(client, await client.session());
    const { model_id } = await openModel(client);
    const { status, body } = await client.post('forward_backward', passWith(model_id, 1, `${loss_id}`));
    expect({ status, detail: body.detail }).toMatchInlineSnapshot(`
      {
        "detail": "loss_fn_config.loss_id: names no loss that this session has created",
        "status": 400,
      }
    `);
  });

  it('fails where data does not fit it, and the model goes on', async () => {
    const { client } = await openServer();
    const { model_id, session_id } = await openModel(client);
    const { loss_id } = await taught(client, session_id);
    const loss_fn_config = { loss_id };
    const input = { data: [datumJson()], loss_fn: 'custom', loss_fn_config };
    expect(
      await client.done('forward_backward', { model_id, seq_id: 1, forward_backward_input: input }),
    ).toMatchInlineSnapshot(`
      {
        "category": "user",
        "error": "datum 0 has no "q", which the custom loss takes",
      }
    `);
    expect(await client.done('forward_backward', passJson(model_id, 2))).toHaveProperty('metrics');
  });
});

it('says that a loss calls what is not known', async () => {
  const { client } = await openServer();
  const session_id = await client.session();
  const graph = graphOf([['logprobs', 1]], [call('x', 'torch.fft.fft', ref('logprobs'))], 'x');
  const { status, body } = await client.post('create_custom_loss', {
    session_id,
    custom_loss_seq_id: 0,
    name: 'f',
    ...graph,
  });
  expect({ status, detail: body.detail }).toMatchInlineSnapshot(`
    {
      "detail": "graph.nodes[1].target: call_function "torch.fft.fft" is not known to this server. Write the loss with other functions, or have the client compute it: the server is then started without --custom-losses.",
      "status": 400,
    }
  `);
});

it('bounds how many a session may create', async () => {
  const { client } = await openServer({ limits: { customLosses: 1 } });
  const session_id = await client.session();
  await taught(client, session_id);
  const more = { session_id, custom_loss_seq_id: 1, name: 'mine', ...IMPORTANCE_SAMPLING };
  expect((await client.post('create_custom_loss', more)).status).toBe(400);
});

it('tells clients to create losses where it is asked to', async () => {
  const flagOf = async (options: object) => (await (await openServer(options)).client.post('client/config', {})).body;
  expect(await flagOf({ customLosses: true })).toHaveProperty('custom_loss_server_side', true);
  expect(await flagOf({})).toHaveProperty('custom_loss_server_side', false);
});
