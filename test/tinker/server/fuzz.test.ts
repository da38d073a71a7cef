// Requests that are nearly right, and requests that would take more than there is: each gets a status below 500 and a reason, nothing
// fails in the server, and whoever asks properly is served meanwhile.

import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Datum } from '../../../src/tinker/types.ts';
import { encodeForwardBackwardRequest } from '../../../src/tinker/wire/forward_backward.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import {
  adamJson,
  datumJson,
  type JsonClient,
  jsonClient,
  openModel,
  openServer,
  passJson,
  TOKENS,
} from '../../support/tinker_server.ts';

const MEBIBYTE = 2 ** 20;
const PROTOBUF = { 'Content-Type': 'application/x-protobuf' };

/** What may stand in the place of anything. */
const ODD = [
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    2 ** 31,
    '',
    'x',
    '../../../etc/passwd',
    'tinker://../weights/..',
    'a\0b',
  ],
  ...['__proto__', '\ud800', 'x'.repeat(10_000), [], {}, [[]], [null], { a: [] }, [1e308], ['x', 1], [-1], [2 ** 40]],
  { data: [], dtype: 'int64', shape: [2 ** 40, 2 ** 40] },
  { data: [1], dtype: 'float64', shape: [1] },
  { data: ['NaN'], dtype: 'float32', shape: [-1] },
  { data: [1.5], dtype: 'int64' },
];

interface Spot {
  /** Where in a body something is put; `[]` is the body. */
  path: readonly (string | number)[];
  value: unknown;
}

function pathsOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

function replaced(body: unknown, { path: [key, ...rest], value }: Spot): unknown {
  if (key === undefined) return value;
  if (Array.isArray(body))
    return body.map((item, i) => (`${i}` === key ? replaced(item, { path: rest, value }) : item));
  return Object.fromEntries(
    Object.entries(Object(body)).map(([name, item]) => [
      name,
      name === key ? replaced(item, { path: rest, value }) : item,
    ]),
  );
}

interface Answer {
  status: number;
  body: object;
}

/** Granted, or refused with a reason that the client can act on. */
function expectReasoned({ status, body }: Answer): void {
  expect(status).toBeLessThan(500);
  expect(status).not.toBe(409);
  if (status >= 400) expect(body).toEqual({ detail: expect.stringMatching(/./) });
}

describe('a server among strange requests', () => {
  let server: Awaited<ReturnType<typeof openServer>>;

  const open = async (options: Parameters<typeof openServer>[0] = {}) => {
    server = await openServer(options);
    return server;
  };

  /** It trains and samples for whoever asks properly, and nothing has failed in it. */
  const expectServing = async (client: JsonClient) => {
    const { model_id, session_id } = await openModel(client);
    expect(await client.done('forward_backward', passJson(model_id, 1))).toHaveProperty('metrics');
    expect(await client.done('optim_step', adamJson(model_id, 2))).toHaveProperty('metrics');
    const sampler = { session_id, sampling_session_seq_id: 0, base_model: 'tiny' };
    const { sampling_session_id } = await client.granted('create_sampling_session', sampler);
    const sample = { sampling_session_id, seq_id: 0, prompt: { chunks: [{ tokens: TOKENS }] } };
    const { sequences } = await client.done('asample', { ...sample, sampling_params: { max_tokens: 1 } });
    expect(sequences).toHaveLength(1);
    await client.post(`sessions/${session_id}/finish`, {});
    expect(server.failures).toEqual([]);
  };

  it('one field of a request replaced by anything: a reason, on every route', { timeout: 120_000 }, async () => {
    const data = await temporaryDirectory();
    const { client } = await open({ data: join(data, 'served') });
    const { model_id, session_id } = await openModel(client);
    const { path } = await client.done('save_weights', { model_id, seq_id: 1, path: 'kept' });
    const { sampling_session_id } = await client.granted('create_sampling_session', {
      session_id,
      sampling_session_seq_id: 0,
      base_model: 'tiny',
    });
    const weights = { data: TOKENS.slice(1).map(() => 1), dtype: 'float32', shape: [TOKENS.length - 1] };
    const metadata = { tags: [], user_metadata: { a: 'b' }, display_name: 'x' };
    const prompt = { chunks: [{ type: 'encoded_text', tokens: TOKENS }] };
    const params = { max_tokens: 2, seed: 1, temperature: 1, top_k: 5, top_p: 0.5, stop: ['x'] };
    const requests: [string, object][] = [
      ['create_session', metadata],
      ['session_heartbeat', { session_id }],
      ['create_model', { session_id, model_seq_id: 7, base_model: 'tiny', lora_config: { rank: 4, seed: 1 } }],
      ['get_info', { model_id }],
      ['forward_backward', passJson(model_id, 2, [datumJson(TOKENS, { weights })])],
      [
        'forward',
        { model_id, seq_id: 2, forward_input: { data: [datumJson()], loss_fn: 'ppo', loss_fn_config: { a: 1 } } },
      ],
      ['optim_step', adamJson(model_id, 2)],
      ['save_weights', { model_id, seq_id: 2, path: 'x', ttl_seconds: 60, overwrite: true, ...metadata }],
      ['save_weights_for_sampler', { model_id, seq_id: 2, sampling_session_seq_id: 3, kind: 'snapshot' }],
      ['load_weights', { session_id, model_seq_id: 8, path, optimizer: true }],
      [
        'asample',
        { sampling_session_id, seq_id: 1, num_samples: 2, prompt, sampling_params: params, prompt_logprobs: true },
      ],
      ['create_sampling_session', { session_id, sampling_session_seq_id: 1, model_path: path }],
      ['retrieve_future', { request_id: `${model_id}:1` }],
      ['cancel_future', { request_id: `${sampling_session_id}:0` }],
      ['join_sampling_session', { sampling_session_id }],
      ['weights_info', { tinker_path: path }],
    ];
    const mutated = fc.constantFrom(...requests).chain(([route, body]) =>
      fc.record({
        route: fc.constant(route),
        body: fc
          .record({ path: fc.constantFrom(...pathsOf(body)), value: fc.oneof(fc.constantFrom(...ODD), fc.jsonValue()) })
          .map((spot) => replaced(body, spot)),
      }),
    );
    const promises: string[] = [];
    await fc.assert(
      fc.asyncProperty(mutated, async ({ route, body }) => {
        const answer = await client.send('POST', route, { body: JSON.stringify(body) });
        expectReasoned(answer);
        if (typeof answer.body.request_id === 'string') promises.push(answer.body.request_id);
      }),
      { numRuns: 200 },
    );
    // What was promised may fail, and then says that the request is to blame.
    for (const request_id of new Set(promises)) {
      const polled = client.send('POST', 'retrieve_future', {
        body: JSON.stringify({ request_id }),
        signal: AbortSignal.timeout(2000),
      });
      const { body } = await polled.catch(() => ({ body: {} }));
      if ('error' in body) expect(body).toMatchObject({ category: 'user' });
    }
    await expectServing(client);
    // All that was written lies where it belongs.
    expect(await readdir(data)).toEqual(['served']);
    expect((await readdir(dirname(data))).filter((name) => name === 'etc' || name === 'passwd')).toEqual([]);
  });

  it('protobuf with bytes changed, cut off, or lengths beyond its end', { timeout: 60_000 }, async () => {
    const { client } = await open();
    const { model_id } = await openModel(client);
    const targets = { data: TOKENS.slice(1), dtype: 'int64' as const, shape: [TOKENS.length - 1] };
    const datum: Datum = {
      model_input: { chunks: [{ type: 'encoded_text', tokens: TOKENS.slice(0, -1) }] },
      loss_fn_inputs: {
        target_tokens: targets,
        weights: { ...targets, data: Float32Array.from(targets.data), dtype: 'float32' },
      },
    };
    const bytes = encodeForwardBackwardRequest({
      model_id,
      seq_id: 1,
      data: [datum, datum],
      loss_fn: 'cross_entropy',
      loss_fn_config: { a: 1 },
      forward_only: true,
    });
    const place = fc.nat(bytes.length - 1);
    const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f);
    const mutated = fc.oneof(
      fc.record({ at: place, byte: fc.nat(255) }).map(({ at, byte }) => bytes.with(at, byte)),
      place.map((end) => bytes.slice(0, end)),
      place.map((at) => Uint8Array.from([...bytes.slice(0, at), ...huge, ...bytes.slice(at + 1)])),
      fc.uint8Array({ maxLength: 40 }).map((more) => Uint8Array.from([...bytes, ...more])),
    );
    await fc.assert(
      fc.asyncProperty(mutated, async (body) => {
        expectReasoned(
          await client.send('POST', 'forward_backward', { body: Uint8Array.from(body), headers: PROTOBUF }),
        );
      }),
      { numRuns: 100 },
    );
    await expectServing(client);
  });

  it('bodies that would take more memory than there is', { timeout: 60_000 }, async () => {
    const { client } = await open({ limits: { bodyBytes: 8 * MEBIBYTE, requestBytes: 16 * MEBIBYTE } });
    const before = process.memoryUsage().rss;
    const bomb = gzipSync(Buffer.alloc(64 * MEBIBYTE));
    const bombs = Array.from({ length: 20 }, () =>
      client.send('POST', 'telemetry', { body: bomb, headers: { 'Content-Encoding': 'gzip' } }),
    );
    for (const { status } of await Promise.all(bombs)) expect(status).toBe(413);
    const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const texts = [
      deep(100_000),
      `{"user_metadata":${deep(100_000)},"n":12345678901234567890}`,
      `{"user_metadata":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
      `{"user_metadata":{"a":"${'x'.repeat(MEBIBYTE)}"}}`,
      `{"user_metadata":{"a":${'9'.repeat(MEBIBYTE)}}}`,
    ];
    for (const body of texts) {
      const answer = await client.send('POST', 'create_session', { body });
      expectReasoned(answer);
      expect(answer.status).toBe(400);
    }
    const session_id = await client.session();
    const sampler = { session_id, sampling_session_seq_id: 0, base_model: 'tiny' };
    const { sampling_session_id } = await client.granted('create_sampling_session', sampler);
    const sample = { sampling_session_id, seq_id: 0, prompt: { chunks: [{ tokens: [1] }] }, num_samples: 1e9 };
    expect(await client.post('asample', sample)).toMatchObject({
      status: 400,
      body: { detail: 'num_samples: must be at most 4096 in one request, not 1000000000' },
    });
    await expectServing(client);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * MEBIBYTE);
  });

  it('more bodies on their way than it has room for: refused for now, and taken when others have come', async () => {
    const { client, url } = await open({ limits: { bodyBytes: MEBIBYTE, requestBytes: 2 * MEBIBYTE } });
    const slow = await Promise.all(
      Array.from({ length: 3 }, () =>
        sent(url, `POST /api/v1/telemetry HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MEBIBYTE}\r\n\r\nx`),
      ),
    );
    const body = JSON.stringify({ tags: ['x'.repeat(MEBIBYTE / 2)] });
    await expect.poll(async () => (await client.send('POST', 'create_session', { body })).status).toBe(429);
    for (const socket of slow) socket.destroy();
    await expect.poll(async () => (await client.send('POST', 'create_session', { body })).status).toBe(200);
  });

  it('clients that read nothing of their answers, and clients that write a byte at a time', {
    timeout: 60_000,
  }, async () => {
    const { client, url } = await open({ key: undefined });
    const readers = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = await sent(
          url,
          'GET /api/v1/get_server_capabilities HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50),
        );
        socket.pause();
        return socket;
      }),
    );
    const text = 'POST /api/v1/create_session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{';
    const writers = await Promise.all(Array.from({ length: 100 }, () => sent(url, '')));
    for (const letter of text) for (const writer of writers) writer.write(letter);
    await expectServing(client);
    for (const socket of [...readers, ...writers]) socket.destroy();
    await expectServing(client);
  });

  it('what is no HTTP', async () => {
    const { client, url } = await open();
    const garbage = [
      'BREW / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01\x02\0\x01\0',
      `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
    ];
    const answers = await Promise.all(
      garbage.map(async (text) => {
        const parts: Buffer[] = [];
        for await (const part of await sent(url, text)) parts.push(part);
        return Buffer.concat(parts).toString().split('\r\n');
      }),
    );
    expect(answers.map((lines) => `${lines[0]} ${lines.at(-1)}`)).toMatchInlineSnapshot(`
      [
        "HTTP/1.1 400 Bad Request {"detail":"what was sent is no HTTP request"}",
        "HTTP/1.1 400 Bad Request {"detail":"what was sent is no HTTP request"}",
        "HTTP/1.1 431 Request Header Fields Too Large {"detail":"the headers of the request are too large"}",
      ]
    `);
    await expectServing(client);
  });

  it('a wrong key is told before anything is read', async () => {
    const { url, client } = await open({ key: 'tml-secret' });
    const body = new Uint8Array(32 * MEBIBYTE);
    for (const key of ['', 'tml-', 'tml-secret2', 'x'.repeat(5000)]) {
      const answer = await client.send('POST', 'forward_backward', {
        body,
        headers: { ...PROTOBUF, 'X-API-Key': key },
      });
      expect(answer).toEqual({ status: 401, body: { detail: expect.stringMatching(/key/) } });
    }
    const other = jsonClient(url);
    expect((await other.send('GET', 'healthz', { headers: { 'X-API-Key': 'tml-secret' } })).status).toBe(200);
  });

  it('integers up to 2^63 come back digit by digit', async () => {
    const { client } = await open();
    const session_id = await client.session();
    const sampler = { session_id, sampling_session_seq_id: 0, base_model: 'tiny' };
    const { sampling_session_id } = await client.granted('create_sampling_session', sampler);
    const ask = async (seq: string, seed: string) => {
      const prompt = JSON.stringify({ chunks: [{ tokens: TOKENS }] });
      const body = `{"sampling_session_id":"${sampling_session_id}","seq_id":${seq},"prompt":${prompt},"sampling_params":{"max_tokens":8,"seed":${seed}}}`;
      return await client.send('POST', 'asample', { body });
    };
    const [most, next] = ['9223372036854775807', '9223372036854775806'];
    const first = await ask(most, most);
    expect(first.body.request_id).toBe(`${sampling_session_id}:${most}`);
    const second = await ask(next, next);
    // Neighbours that a float would take for one another are two requests with two seeds.
    expect(second.body.request_id).toBe(`${sampling_session_id}:${next}`);
    const [one, other] = [await client.result(first.body), await client.result(second.body)];
    expect(one.sequences).not.toEqual(other.sequences);
    expect(await ask('9223372036854775808', '1')).toMatchObject({
      status: 400,
      body: { detail: 'seq_id: must be an integer from 0 to 9223372036854775807, not 9223372036854775808' },
    });
  });
});

/** A connection on which this was sent. */
async function sent(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // The server may let go of it.
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  if (text !== '') socket.write(text);
  return socket;
}
