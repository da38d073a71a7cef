// A client of OpenAI's chat completions against a local server that answers as it is told: well, badly, late or not at all.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ChatServiceOptions, chatService } from '../../src/completers/chat_service.ts';
import type { Clock } from '../../src/tinker/http/clock.ts';

type Answer = (response: ServerResponse, body: Record<string, unknown>, request: IncomingMessage) => void;

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
const reply = (content: unknown, more: object = {}) =>
  json(200, {
    choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop', ...more }],
    usage: { prompt_tokens: 7, completion_tokens: 2 },
  });

/** Answers in turn, the last of them for ever. */
async function serving(answers: Answer[]) {
  const asked: Record<string, unknown>[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += part));
    request.on('end', () => {
      const body: Record<string, unknown> = JSON.parse(text);
      headers.push(request.headers);
      const answer = answers[Math.min(asked.push(body), answers.length) - 1];
      answer?.(response, body, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/v1`, asked, headers };
}

/** Time passes by being waited for. */
function quickClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
}

function service(baseUrl: string, more: Partial<ChatServiceOptions> = {}) {
  const made = chatService({
    baseUrl,
    model: 'm',
    apiKey: 'sk-secret',
    maxTokens: 8,
    temperature: 0.5,
    timeoutSeconds: 10,
    clock: quickClock(),
    ...more,
  });
  onTestFinished(() => made.close());
  return made;
}

const HELLO = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello?' },
];

describe('a service that answers', () => {
  it('is sent the conversation, the limits, the seed and the key', async () => {
    const { url, asked, headers } = await serving([reply('Hi.')]);
    expect(await service(`${url}/`).complete(HELLO, { seed: 7 })).toEqual({
      message: { role: 'assistant', content: 'Hi.' },
      termination: 'stop_sequence',
      stop_reason: 'stop',
      usage: { prompt_tokens: 7, completion_tokens: 2 },
    });
    expect(asked).toEqual([{ model: 'm', messages: HELLO, max_tokens: 8, temperature: 0.5, seed: 7 }]);
    expect(headers[0]).toMatchObject({ authorization: 'Bearer sk-secret' });
  });

  it('without a key is sent none', async () => {
    const { url, headers } = await serving([reply('Hi.')]);
    await service(url, { apiKey: null }).complete(HELLO);
    expect(headers[0]).not.toHaveProperty('authorization');
  });

  it.each([
    ['a cut reply', reply('Hi', { finish_reason: 'length' }), { stop_reason: 'length', message: { content: 'Hi' } }],
    ['a reply of nothing but reasoning', reply(null), { message: { content: '' } }],
    [
      'strange counts',
      json(200, { choices: [{ message: { content: 'x' } }], usage: { prompt_tokens: -1, completion_tokens: 'many' } }),
      { usage: { prompt_tokens: 0, completion_tokens: 0 } },
    ],
  ])('with %s is read', async (_name, answer, expected) => {
    const { url } = await serving([answer]);
    expect(await service(url).complete(HELLO)).toMatchObject(expected);
  });

  it('and knows the limit by its newer name is asked by that', async () => {
    const unsupported = json(400, {
      error: { message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead." },
    });
    const { url, asked } = await serving([unsupported, reply('Hi.')]);
    const client = service(url);
    await client.complete(HELLO);
    await client.complete(HELLO);
    expect(asked.map((body) => Object.keys(body).filter((name) => name.startsWith('max')))).toEqual([
      ['max_tokens'],
      ['max_completion_tokens'],
      ['max_completion_tokens'],
    ]);
  });
});

describe('a service in trouble', () => {
  it('is asked again after the pause that it asks for, and after longer and longer ones', async () => {
    const busy = json(429, { error: { message: 'slow down' } }, { 'Retry-After': '3' });
    const { url } = await serving([busy, json(500, {}), json(503, 'no'), reply('Hi.')]);
    const clock = quickClock();
    expect(await service(url, { clock }).complete(HELLO)).toMatchObject({ message: { content: 'Hi.' } });
    expect(clock.slept[0]).toBe(3000);
    expect(clock.slept).toHaveLength(3);
    for (const [i, pause] of clock.slept.slice(1).entries()) {
      expect(pause).toBeGreaterThanOrEqual(0.75 * 500 * 2 ** (i + 1));
      expect(pause).toBeLessThanOrEqual(500 * 2 ** (i + 1));
    }
  });

  it('is given up in the end, and its last words are told', async () => {
    const { url } = await serving([json(503, { error: { message: 'over\u001b[31mloaded' } })]);
    const error = await service(url).complete(HELLO).catch(String);
    expect(error).toContain('answered 503: over\\u001b[31mloaded, and nothing else for 300 s');
  });

  it('whose connections break is asked again', async () => {
    const { url } = await serving([(response) => response.destroy(), reply('Hi.')]);
    expect(await service(url).complete(HELLO)).toMatchObject({ message: { content: 'Hi.' } });
  });

  it('that answers too late, or without an end, is asked again', async () => {
    const endless: Answer = (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const flood = setInterval(() => response.write('x'.repeat(2 ** 20)), 1);
      response.on('close', () => clearInterval(flood));
    };
    const { url } = await serving([() => undefined, endless, reply('Hi.')]);
    expect(await service(url, { timeoutSeconds: 2 }).complete(HELLO)).toMatchObject({ message: { content: 'Hi.' } });
  });

  it.each([
    ['no JSON', (response: ServerResponse) => void response.end('<html>')],
    ['no choices', json(200, { choices: [] })],
    ['null', json(200, null)],
    ['content that is no text', reply([{ type: 'image' }])],
    ['a prototype', json(200, JSON.parse('{"__proto__": {"choices": [{"message": {"content": "x"}}]}}'))],
  ])('that answers %s is given up after a few times', async (_name, answer) => {
    const { url, asked } = await serving([answer]);
    await expect(service(url).complete(HELLO)).rejects.toThrow(
      'the answer cannot be read: it has no choices[0].message',
    );
    expect(asked).toHaveLength(3);
  });

  it.each([
    [401, 'invalid key sk-secret', 'answered 401: invalid key …'],
    [404, 'no such model', 'answered 404: no such model'],
    [301, 'elsewhere', 'answered 301: elsewhere'],
  ])('that answers %i refuses for good, and the key is not told', async (status, message, told) => {
    const { url, asked } = await serving([
      json(status, { error: { message } }, { Location: 'http://example.invalid/' }),
    ]);
    const failed = service(url).complete(HELLO);
    await expect(failed).rejects.toThrow(told);
    await expect(failed).rejects.toMatchObject({ code: 'CONFIGURATION', hint: expect.any(String) });
    expect(asked).toHaveLength(1);
  });

  it('that refuses a request says why', async () => {
    const { url } = await serving([json(400, { error: { message: 'too long' } })]);
    await expect(service(url).complete(HELLO)).rejects.toThrow('answered 400: too long');
  });

  it('that nobody runs is an error of the address', async () => {
    const failed = service('http://127.0.0.1:9/v1').complete(HELLO);
    await expect(failed).rejects.toMatchObject({
      code: 'CONFIGURATION',
      hint: 'See that the service runs, and that --base-url is its address.',
    });
  });

  it('is asked no more when nobody waits', async () => {
    const { url, asked } = await serving([json(503, {})]);
    const stop = new AbortController();
    const clock = { ...quickClock(), sleep: async () => stop.abort(new Error('stopped')) };
    await expect(service(url, { clock }).complete(HELLO, { signal: stop.signal })).rejects.toThrow('stopped');
    expect(asked).toHaveLength(1);
  });
});

it.each(['nonsense', 'ftp://host/v1', 'https://user:key@host/v1', 'https://host/v1?key=1'])(
  '%s is no address',
  (url) => {
    expect(() => service(url)).toThrow('without a key in it');
  },
);
