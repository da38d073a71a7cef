// /completions on the real server with the tiny model: text, tokens, log-probs, stops, streams, and what is refused.

import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { choicesOf, jsonFrom, openServed, streamed } from '../support/served.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { adamJson, openModel, passJson, TINY } from '../support/tinker_server.ts';

const PROMPT = 'Once upon a time there was a';
const tokenizer = await loadTokenizer(TINY);
const TOKENS = tokenizer.encode(PROMPT);
const { url, ask, client, failures } = await openServed({ until: afterAll });
const complete = async (body: object) => {
  const { status, body: answer } = await ask('completions', { model: 'tiny', prompt: PROMPT, ...body });
  if (status !== 200) throw new Error(JSON.stringify(answer));
  return answer;
};
const changeJson = async (path: string, change: object) =>
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
const textsOf = (answer: JsonObject) => choicesOf(answer).map(({ text }) => text);

describe('/completions', () => {
  it('continues text and the tokens of the same text alike, and counts the tokens', async () => {
    const body = { temperature: 0, max_tokens: 8 };
    const answer = await complete(body);
    expect(answer).toMatchObject({
      object: 'text_completion',
      model: 'tiny',
      choices: [{ index: 0, finish_reason: 'length', logprobs: null }],
      usage: { prompt_tokens: TOKENS.length, completion_tokens: 8, total_tokens: TOKENS.length + 8 },
    });
    expect(textsOf(await complete({ ...body, prompt: TOKENS }))).toEqual(textsOf(answer));
  });

  it('answers each prompt of a list as if it were alone, n times, by their places', async () => {
    const body = { max_tokens: 6, seed: 3, n: 2 };
    const alone = [await complete(body), await complete({ ...body, prompt: 'What is' })];
    const together = await complete({ ...body, prompt: [PROMPT, 'What is'] });
    expect(textsOf(together)).toEqual(alone.flatMap(textsOf));
    expect(choicesOf(together).map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(new Set(textsOf(together)).size).toBe(4);
    expect(textsOf(await complete({ ...body, prompt: [TOKENS, tokenizer.encode('What is')] }))).toEqual(
      textsOf(together),
    );
  });

  it('streams pieces that join to the answer in one', async () => {
    const body = { max_tokens: 24, seed: 5, n: 2, stop: ['.', 'and'], echo: true };
    const whole = await complete(body);
    const request = { model: 'tiny', prompt: PROMPT, ...body, stream_options: { include_usage: true } };
    const pieces = await streamed(url, 'completions', request);
    const joined = choicesOf(whole).map(({ index }) =>
      pieces
        .flatMap((piece) => choicesOf(piece).flatMap((choice) => (choice.index === index ? [choice.text] : [])))
        .join(''),
    );
    expect(joined).toEqual(textsOf(whole));
    expect(pieces.length).toBeGreaterThan(6);
    expect(pieces.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    const ends = pieces.flatMap(choicesOf).flatMap(({ finish_reason }) => finish_reason ?? []);
    expect(ends.sort()).toEqual(
      choicesOf(whole)
        .map(({ finish_reason }) => finish_reason)
        .sort(),
    );
  });

  it('ends before a stop string', async () => {
    const whole = String(textsOf(await complete({ temperature: 0, max_tokens: 24 }))[0]);
    const stop = whole.slice(9, 13);
    const [choice] = choicesOf(await complete({ temperature: 0, max_tokens: 24, stop }));
    expect(choice).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), finish_reason: 'stop' });
  });

  it('scores a prompt as the Tinker API does', async () => {
    const session_id = await client.session();
    const { sampling_session_id } = await client.granted('create_sampling_session', { session_id, base_model: 'tiny' });
    const asked = { sampling_session_id, seq_id: 0, prompt: { chunks: [{ type: 'encoded_text', tokens: TOKENS }] } };
    const { prompt_logprobs } = await client.done('asample', {
      ...asked,
      num_samples: 1,
      sampling_params: { max_tokens: 1 },
      prompt_logprobs: true,
    });
    const answer = await complete({ prompt: TOKENS, max_tokens: 0, echo: true, logprobs: 2 });
    expect(answer.usage).toMatchObject({ completion_tokens: 0 });
    const [{ text, logprobs }] = choicesOf(answer);
    expect(text).toBe(PROMPT);
    expect(logprobs).toMatchObject({
      token_logprobs: prompt_logprobs,
      tokens: TOKENS.map((token) => tokenizer.decode([token])),
    });
  });

  it('tells what evaluation harnesses ask for: the likeliest tokens of each place, and one token more', async () => {
    const prompts = [TOKENS, tokenizer.encode('The dog says')];
    const answer = await complete({
      prompt: prompts,
      temperature: 0,
      max_tokens: 1,
      logprobs: 1,
      echo: true,
      seed: 1234,
    });
    for (const [i, { logprobs, text }] of choicesOf(answer).entries()) {
      const { tokens, token_logprobs, top_logprobs, text_offset } = Object(logprobs);
      for (const list of [tokens, token_logprobs, top_logprobs, text_offset])
        expect(list).toHaveLength(prompts[i].length + 1);
      expect(tokens.join('')).toBe(text);
      expect(text_offset[2]).toBe(tokens[0].length + tokens[1].length);
      expect([token_logprobs[0], top_logprobs[0]]).toEqual([null, null]);
      // The token that was sampled is the likeliest, and says so to the bit.
      expect(Math.max(...Object.values<number>(top_logprobs.at(-1)))).toBe(token_logprobs.at(-1));
      const greedy = top_logprobs.slice(1).filter((top: Record<string, number>, at: number) => {
        return Math.max(...Object.values(top)) === token_logprobs[at + 1];
      });
      expect(greedy.length).toBeGreaterThan(0);
      expect(greedy.length).toBeLessThan(prompts[i].length + 1);
    }
  });

  it('refuses log-probs of more tokens than one answer holds', async () => {
    const prompt = Array.from({ length: 1024 }, () => [5]);
    const body = { prompt, n: 128, max_tokens: 500, logprobs: 20 };
    await expect(complete(body)).rejects.toThrow(/logprobs: may come to \d+ log-probs in one answer/);
  });

  it('samples from what was trained, by its path, and by the path behind its model', async () => {
    const { model_id } = await openModel(client);
    for (const seq of [1, 3, 5]) {
      await client.done('forward_backward', passJson(model_id, seq));
      await client.done('optim_step', adamJson(model_id, seq + 1, 0.05));
    }
    const { path } = await client.done('save_weights_for_sampler', { model_id, seq_id: 7, path: 'trained' });
    const body = { temperature: 0, max_tokens: 8, prompt: [5, 6, 7] };
    const trained = textsOf(await complete({ ...body, model: path }));
    expect(trained).not.toEqual(textsOf(await complete(body)));
    expect(textsOf(await complete({ ...body, model: `tiny;${path}` }))).toEqual(trained);
    const { body: listed } = await ask('models');
    expect(listed).toMatchObject({
      object: 'list',
      data: [
        { id: 'tiny', max_model_len: 512 },
        { id: path, parent: 'tiny' },
      ],
    });
    expect((await ask(`models/${path}`)).body).toMatchObject({ id: path, object: 'model', parent: 'tiny' });
    expect((await ask(`models/${encodeURIComponent(String(path))}`)).body).toMatchObject({ id: path });

    // What is saved under the same path next is what answers then.
    await client.done('forward_backward', passJson(model_id, 8));
    await client.done('optim_step', adamJson(model_id, 9, 0.5));
    await client.done('save_weights_for_sampler', { model_id, seq_id: 10, path: 'trained' });
    expect(textsOf(await complete({ ...body, model: path }))).not.toEqual(trained);
  });

  it('gives up what nobody waits for', async () => {
    const abort = new AbortController();
    const body = JSON.stringify({ model: 'tiny', prompt: PROMPT, max_tokens: 400, n: 16, stream: true });
    const response = await fetch(`${url}/oai/api/v1/completions`, { method: 'POST', body, signal: abort.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    const waiting = async () => Object((await jsonFrom(`${url}/api/status`)).queue).waiting;
    expect(await waiting()).toBe(1);
    abort.abort();
    await expect.poll(waiting).toBe(0);
  });

  it('reads once what the files of a tokenizer put in front of text', async () => {
    const directory = join(await temporaryDirectory(), 'model');
    await cp(TINY, directory, { recursive: true });
    const files = { tokenizer: join(directory, 'tokenizer.json'), config: join(directory, 'tokenizer_config.json') };
    const single = [{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
    const special_tokens = { '<|endoftext|>': { id: '<|endoftext|>', ids: [0], tokens: ['<|endoftext|>'] } };
    const post_processor = { type: 'TemplateProcessing', single, pair: single, special_tokens };
    await changeJson(files.tokenizer, { post_processor });
    await changeJson(files.config, { bos_token: '<|endoftext|>' });
    const served = await openServed({ models: { tiny: directory } });
    const counted = async () =>
      (await served.ask('completions', { model: 'tiny', prompt: PROMPT, max_tokens: 1 })).body.usage;
    expect(await counted()).toMatchObject({ prompt_tokens: TOKENS.length + 1 });
    await changeJson(files.tokenizer, { post_processor: null });
    expect(await counted()).toMatchObject({ prompt_tokens: TOKENS.length + 1 });
  });

  it('gives up the other prompts of a request of which one fails', async () => {
    const full = await openServed({ limits: { pendingRequests: 1 } });
    const waiting = async () => Object((await jsonFrom(`${full.url}/api/status`)).queue).waiting;
    for (const stream of [false, true]) {
      const body = { model: 'tiny', prompt: [PROMPT, PROMPT], max_tokens: 400, n: 64, stream };
      expect(await full.ask('completions', body)).toMatchObject({ status: 429 });
      await expect.poll(waiting).toBe(0);
    }
  });

  it('tells those who wait when the server ends that it does, so that they ask the next one', async () => {
    const served = await openServed();
    const body = { model: 'tiny', prompt: new Array(8).fill(PROMPT), max_tokens: 400, n: 64 };
    const waiting = async () => Object((await jsonFrom(`${served.url}/api/status`)).queue).waiting;
    const answers = Promise.all(
      [false, true].map((stream) => served.ask('completions', { ...body, stream, logprobs: 1 })),
    );
    await expect.poll(waiting).toBe(16);
    await served.close();
    const refused = { status: 503, body: { error: { type: 'server_error', message: 'this server is shutting down' } } };
    expect(await answers).toMatchObject([refused, refused]);
  });

  it('says what is wrong with a request, and with which parameter', async () => {
    const told = async (body: object) => {
      const { status, body: answer } = await ask('completions', { model: 'tiny', prompt: PROMPT, ...body });
      const { message, param, code } = Object(answer.error);
      return [status, param, code, message].join(' | ');
    };
    expect([
      await told({ model: 'gpt-4o' }),
      await told({ model: 'tinker://none/sampler_weights/x' }),
      await told({ prompt: undefined }),
      await told({ prompt: '' }),
      await told({ prompt: new Array(512).fill(5) }),
      await told({ prompt: [1, 999_999] }),
      await told({ max_tokens: -1 }),
      await told({ max_tokens: 0 }),
      await told({ n: 0 }),
      await told({ temperature: 'hot' }),
      await told({ logit_bias: { 5: 100 } }),
      await told({ best_of: 4 }),
      await told({ suffix: 'the end' }),
      await told({ presence_penalty: 0.5 }),
      await told({ stop: [''] }),
    ]).toMatchInlineSnapshot(`
      [
        "404 | model | model_not_found | The model "gpt-4o" does not exist here: there is tiny",
        "404 | model | model_not_found | The model "tinker://none/sampler_weights/x" does not exist here: there is no checkpoint tinker://none/sampler_weights/x",
        "400 | prompt |  | prompt: must be a text, tokens, or a list of these, not nothing",
        "400 | prompt |  | prompt is empty: there is nothing to continue",
        "400 | prompt | context_length_exceeded | This model's context is 512 tokens, and prompt has 512: there is no room for an answer",
        "400 | prompt |  | prompt: 999999 is no token of this model",
        "400 | max_tokens |  | max_tokens: must be at least 0, not -1",
        "400 | max_tokens |  | max_tokens: can be 0 only with echo, where the prompt is scored",
        "400 | n |  | n: must be from 1 to 128, not 0",
        "400 | temperature |  | temperature: must be a number, not "hot"",
        "400 | logit_bias | unsupported_parameter | logit_bias is not supported by this server: it samples from what the model says, without penalties; take temperature, top_p and top_k",
        "400 | best_of | unsupported_parameter | best_of is not supported by this server: ask for n choices and take the best",
        "400 | suffix | unsupported_parameter | suffix is not supported by this server: a prompt is continued, and nothing follows it",
        "400 | presence_penalty | unsupported_parameter | presence_penalty is not supported by this server: it samples from what the model says, without penalties; take temperature, top_p and top_k",
        "400 | stop |  | stop: must not hold an empty string",
      ]
    `);
    const neutral = {
      logit_bias: {},
      presence_penalty: 0,
      best_of: 1,
      suffix: null,
      user: 'me',
      metadata: {},
      max_tokens: 1,
    };
    await complete(neutral);
    expect(failures).toEqual([]);
  });

  it('speaks of a wrong key and of a wrong path as its clients read it', async () => {
    const locked = await openServed({ key: 'tml-secret' });
    const keys: Record<string, string>[] = [
      { 'X-API-Key': 'tml-secret' },
      { Authorization: 'Bearer tml-secret' },
      { Authorization: 'Bearer no' },
    ];
    const statuses = await Promise.all(
      keys.map(async (headers) => (await locked.ask('models', undefined, headers)).status),
    );
    expect(statuses).toEqual([200, 200, 401]);
    expect((await locked.ask('models')).body).toMatchObject({
      error: { type: 'authentication_error', code: 'invalid_api_key' },
    });
    const refusal = async (headers?: Record<string, string>) =>
      Object((await locked.ask('models', undefined, headers)).body).error.message;
    expect(await refusal()).toMatch(/^the request has no key: .*Authorization: Bearer/);
    expect(await refusal(keys[2])).toMatch(/^the key of the request is not that of this server: .*Bearer/);
    const elsewhere = await fetch(`${url}/v1/models`);
    expect({ status: elsewhere.status, body: await elsewhere.json() }).toMatchObject({
      status: 404,
      body: { error: { message: "there is no GET /v1/models here: OpenAI's API is at /oai/api/v1" } },
    });
    expect(await ask('embeddings', {})).toMatchObject({ status: 404, body: { error: { type: 'not_found_error' } } });
    const page = await ask('models', undefined, { Origin: 'https://pages.example' });
    expect(page).toMatchObject({ status: 403, body: { error: { type: 'permission_error' } } });
  });
});
