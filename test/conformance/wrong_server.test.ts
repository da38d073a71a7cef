// That the checks can fail: servers that do one thing wrong each, and the check that finds it. A server does it wrong behind a
// proxy that alters what goes through it.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { ApiKit } from '../../src/conformance/api/bench.ts';
import { type Outcome, outcomeOf } from '../../src/conformance/check.ts';
import { serverTarget } from '../../src/conformance/command.ts';
import { API_CHECKS, WIRE_CHECKS } from '../../src/conformance/suite.ts';
import { WireKit } from '../../src/conformance/wire/kit.ts';
import type { ForwardBackwardOutput, SampleResponse } from '../../src/tinker/types.ts';
import {
  decodeForwardBackwardOutput,
  decodeForwardBackwardRequest,
  encodeForwardBackwardOutput,
  encodeForwardBackwardRequest,
} from '../../src/tinker/wire/forward_backward.ts';
import { decodeSampleResponse, encodeSampleResponse } from '../../src/tinker/wire/sample.ts';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { openServer } from '../support/tinker_server.ts';

const PROTOBUF = 'application/x-protobuf';

const directory = await mkdtemp(join(tmpdir(), 'cookbook-conformance-'));
const server = await openServer({
  models: { tiny: await writeChatModel(join(directory, 'model')) },
  until: (close) =>
    afterAll(async () => {
      await close();
      await rm(directory, { recursive: true });
    }),
});

interface Message {
  path: string;
  type: string;
  bytes: Uint8Array;
}

interface Answer extends Message {
  status: number;
}

/** Null: no such fault in this message. */
interface Fault {
  asked?(sent: Message): Uint8Array | null;
  answered?(answer: Answer): Partial<Answer> | null;
}

/** The outcome of a check where the fault is, and where there is none. */
async function outcomes(id: string, fault: Fault): Promise<[wrong: Outcome, right: Outcome]> {
  return [await outcomeAt(await proxy(fault), id), await outcomeAt(server.url, id)];
}

async function outcomeAt(url: string, id: string): Promise<Outcome> {
  const target = await serverTarget({ url, model: 'tiny', env: {} });
  const [api, wire] = [new ApiKit(target), new WireKit(target)];
  onTestFinished(async () => {
    await Promise.all([api.close(), wire.close()]);
  });
  const ofApi = API_CHECKS.find((check) => check.id === id);
  if (ofApi !== undefined) return await outcomeOf(ofApi, api.bench, { limitMs: 60_000 });
  const ofWire = WIRE_CHECKS.find((check) => check.id === id);
  if (ofWire === undefined) throw new Error(`there is no check ${id}`);
  return await outcomeOf(ofWire, wire.bench, { limitMs: 60_000 });
}

async function proxy({ asked, answered }: Fault): Promise<string> {
  const front = createServer(async (incoming, response) => {
    const path = (incoming.url ?? '').replace('/api/v1/', '');
    const sent = { path, type: incoming.headers['content-type'] ?? '', bytes: await bytesOf(incoming) };
    const answer = await forwarded(incoming, asked?.(sent) ?? sent.bytes);
    const { status, type, bytes } = { ...answer, ...answered?.({ ...answer, path }) };
    response.writeHead(status, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  });
  const { port } = front.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

function forwarded({ method, url, headers }: IncomingMessage, body: Uint8Array): Promise<Omit<Answer, 'path'>> {
  return new Promise((resolve, reject) => {
    const { host: _, 'content-length': __, 'transfer-encoding': ___, ...kept } = headers;
    const sent = { ...kept, ...(body.length > 0 && { 'content-length': body.length }) };
    const outgoing = request(`${server.url}${url}`, { method, headers: sent }, (answer) => {
      const { statusCode: status = 0, headers: told } = answer;
      bytesOf(answer).then((bytes) => resolve({ status, type: told['content-type'] ?? '', bytes }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function bytesOf(stream: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const objectOf = (bytes: Uint8Array): JsonObject => {
  const value: unknown = bytes.length === 0 ? {} : JSON.parse(Buffer.from(bytes).toString());
  return isJsonObject(value) ? value : {};
};
const textOf = (value: JsonObject) => Buffer.from(JSON.stringify(value));

/** Requests to a route in JSON, changed. */
const asking = (route: string, change: (body: JsonObject) => JsonObject): Fault => ({
  asked: ({ path, type, bytes }) =>
    path === route && type === 'application/json' ? textOf(change(objectOf(bytes))) : null,
});
const answering = (route: string, change: (body: JsonObject) => JsonObject): Fault => ({
  answered: ({ path, status, bytes }) =>
    path === route && status === 200 ? { bytes: textOf(change(objectOf(bytes))) } : null,
});

/** Results of passes, which have outputs, and of samples, which do not. */
const passing = (change: (output: ForwardBackwardOutput) => ForwardBackwardOutput): Fault => ({
  answered({ path, type, bytes }) {
    if (path !== 'retrieve_future' || type !== PROTOBUF) return null;
    const output = decodeForwardBackwardOutput(bytes);
    return output.loss_fn_output_type === '' ? null : { bytes: encodeForwardBackwardOutput(change(output)) };
  },
});
const sampling = (change: (response: SampleResponse) => SampleResponse): Fault => ({
  answered({ path, type, bytes }) {
    if (path !== 'retrieve_future') return null;
    if (type !== PROTOBUF) return null;
    try {
      const response = decodeSampleResponse(bytes);
      return response.sequences.length === 0 ? null : { bytes: encodeSampleResponse(change(response)) };
    } catch {
      return null;
    }
  },
});

/** Every request that is sent again counts as another one. */
function forgetful(): Fault {
  const seen = new Set<string>();
  const shifts = new Map<string, number>();
  const renumbered = (numbers: { model_id: string; seq_id: number }): number => {
    const { model_id, seq_id } = numbers;
    const key = `${model_id} ${seq_id}`;
    if (seen.has(key)) shifts.set(model_id, (shifts.get(model_id) ?? 0) + 1);
    seen.add(key);
    return seq_id + (shifts.get(model_id) ?? 0);
  };
  return {
    asked({ path, type, bytes }) {
      if (path === 'forward_backward' && type === PROTOBUF) {
        const sent = decodeForwardBackwardRequest(bytes);
        return encodeForwardBackwardRequest({ ...sent, seq_id: renumbered(sent) });
      }
      if (path !== 'optim_step') return null;
      const { model_id, seq_id, ...rest } = objectOf(bytes);
      const numbers = { model_id: String(model_id), seq_id: Number(seq_id) };
      return textOf({ ...rest, model_id: numbers.model_id, seq_id: renumbered(numbers) });
    },
  };
}

const WRONG: [what: string, check: string, fault: Fault, reason: string | RegExp][] = [
  [
    'gives no loss:sum',
    'requests/metric-names',
    passing((output) => ({ ...output, metrics: { 'tokens:sum': 3 } })),
    'the result has no metric loss:sum; it has tokens:sum',
  ],
  [
    'gives the mean of the loss',
    'training/loss-sum',
    passing((output) => ({ ...output, metrics: { 'loss:sum': output.metrics['loss:sum'] / 15 } })),
    /^loss:sum: .* where .* was expected$/,
  ],
  [
    'calls metrics by other names',
    'requests/metric-names',
    passing((output) => ({ ...output, metrics: { ...output.metrics, grad_norm: 1 } })),
    'a metric is called grad_norm',
  ],
  [
    'adds the gradient of a forward pass',
    'training/forward',
    {
      asked: ({ path, type, bytes }) =>
        path === 'forward_backward' && type === PROTOBUF
          ? encodeForwardBackwardRequest({ ...decodeForwardBackwardRequest(bytes), forward_only: false })
          : null,
    },
    /^with a forward pass before it: the log-probs differ by/,
  ],
  ['does twice what is sent twice', 'requests/sent-twice', forgetful(), /^the same request got the ids/],
  [
    'resumes with a fresh optimizer',
    'checkpoints/with-optimizer',
    asking('load_weights', (body) => ({ ...body, optimizer: false })),
    /^loss of step \d after resuming: /,
  ],
  [
    'takes the eps of AdamW to be 1 by default',
    'requests/adam-defaults',
    asking('optim_step', (body) => ({
      ...body,
      adam_params: { eps: 1, ...(isJsonObject(body.adam_params) ? body.adam_params : {}) },
    })),
    /^with defaults: the log-probs differ by/,
  ],
  [
    'clips where it was not asked to',
    'losses/ppo',
    {
      asked: ({ path, type, bytes }) =>
        path === 'forward_backward' && type === PROTOBUF
          ? encodeForwardBackwardRequest({ ...decodeForwardBackwardRequest(bytes), loss_fn_config: {} })
          : null,
    },
    /^loss:sum: /,
  ],
  [
    'takes an empty list of stops for none',
    'sampling/stop-nothing',
    asking('asample', ({ sampling_params, ...body }) => {
      const { stop: _, ...params } = isJsonObject(sampling_params) ? sampling_params : {};
      return { ...body, sampling_params: params };
    }),
    /^a sample ended after \d+ of 64 tokens$/,
  ],
  [
    'gives log-probs of the tempered distribution',
    'sampling/logprobs',
    sampling((response) => ({
      ...response,
      sequences: response.sequences.map((each) => ({ ...each, logprobs: each.logprobs.map((value) => 0.9 * value) })),
    })),
    /log-probs differ by/,
  ],
  [
    'ignores seeds',
    'sampling/seed',
    asking('asample', (body) => ({ ...body, sampling_params: { max_tokens: 24, seed: 5, stop: [] } })),
    'seeds 1, 2 and 3 give the same tokens',
  ],
  [
    'promises too few names of samples',
    'samplers/sequence-ids',
    answering('asample', (body) => ({ ...body, sample_sequence_ids: ['one'] })),
    '1 sample_sequence_ids for 3 samples',
  ],
  [
    'rounds large numbers',
    'requests/large-numbers',
    asking('asample', (body) => body),
    'two requests whose numbers differ by 1 are one',
  ],
  [
    'refuses without a word',
    'requests/refusals',
    { answered: ({ status }) => (status === 404 ? { bytes: new Uint8Array(), type: '' } : null) },
    /: HTTP 404 without a reason in JSON$/,
  ],
  [
    'goes on hearing of a session that was finished',
    'sessions/finish',
    {
      answered: ({ status }) => (status === 410 ? { status: 200, bytes: textOf({}), type: 'application/json' } : null),
    },
    'the heartbeat of a session that is finished: HTTP 200, not 410',
  ],
  [
    'answers with JSON where protobuf is read alone',
    'dialects/0.25.0',
    {
      answered({ path, type, bytes }) {
        if (path !== 'retrieve_future' || type !== PROTOBUF) return null;
        return { type: 'application/json', bytes: textOf({ is: Buffer.from(bytes).toString('base64') }) };
      },
    },
    'the result is application/json, where application/x-protobuf is accepted',
  ],
  [
    'knows no loading into a new model',
    'resuming/in-one-request',
    {
      answered: ({ path, status }) =>
        path === 'load_weights' && status === 200
          ? { status: 422, bytes: textOf({ detail: 'model_id: field required' }) }
          : null,
    },
    /422: model_id: field required$/,
  ],
];

it.each(WRONG)('a server that %s does not pass %s', async (_, id, fault, reason) => {
  const [wrong, right] = await outcomes(id, fault);
  expect(right).toEqual({ state: 'passed' });
  expect(wrong).toMatchObject({
    state: expect.stringMatching(/^failed$|^unsupported$/),
    reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
  });
});

it('a server that never answers is given up in time, and what a check made is given back in any case', async () => {
  let isClosed = false;
  const close = async () => {
    isClosed = true;
  };
  const check = { id: 'a/b', shows: 'nothing', needed: [], run: () => new Promise<void>(() => undefined) };
  expect(await outcomeOf(check, () => ({ close }), { limitMs: 20 })).toEqual({
    state: 'failed',
    reason: 'no end after 0.02 s',
  });
  expect(isClosed).toBe(true);
});

it.each([ApiKit, WireKit])(
  'a state that is never saved is given up with the checks that begin from it',
  async (Kit) => {
    let polled = () => {};
    const isPolled = new Promise<void>((resolve) => {
      polled = resolve;
    });
    const url = await proxy({
      answered: ({ path }) => {
        if (path !== 'retrieve_future') return null;
        polled();
        return { status: 408, bytes: Buffer.from('{}'), type: 'application/json' };
      },
    });
    const kit = new Kit(await serverTarget({ url, model: 'tiny', env: {} }));
    const state = kit.state().then(
      () => 'saved',
      () => 'given up',
    );
    await isPolled;
    await kit.close();
    expect(await state).toBe('given up');
  },
);

it('whoever asks a server by plain HTTP that is elsewhere is warned of it', async () => {
  const told: string[] = [];
  const env = { TINKER_API_KEY: 'tml-key' };
  await serverTarget({ url: 'http://gpu.example:8000', model: 'tiny', env, progress: (line) => told.push(line) });
  expect(told).toEqual(['http://gpu.example:8000 is not encrypted: the key and the data can be read on the way']);
});
