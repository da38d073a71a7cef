// A real server of the Tinker API on a free port, with a real engine behind it, and a client that says what it is told to say.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { readModelConfig } from '../../src/formats/hf_config.ts';
import type { ServiceClient } from '../../src/tinker/clients.ts';
import type { ServedModel } from '../../src/tinker/server/backend.ts';
import type { Limits } from '../../src/tinker/server/limits.ts';
import { type ListenOptions, listen } from '../../src/tinker/server/listen.ts';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';

export const TINY = resolve(import.meta.dirname, '../../example_data/models/tiny');
export const MICROBATCH_TOKENS = 2048;

export interface ServerOptions {
  /** Directories by the names that clients know them by. */
  models?: Record<string, string>;
  /** Models besides these, of which there is more to say. */
  besides?: readonly ServedModel[];
  /** Where checkpoints lie; else a directory of its own. */
  data?: string;
  key?: string;
  limits?: Partial<Limits>;
  customLosses?: boolean;
  more?: ListenOptions['more'];
  /** Takes what closes it; unless given, it is closed when the test has finished. */
  until?(close: () => Promise<void>): void;
  /** Another service than the engine's. */
  service?: ServiceClient;
}

/** Closed, with its engine, when the test has finished. */
export async function openServer({
  models = { tiny: TINY },
  besides = [],
  data,
  key,
  limits = {},
  customLosses = false,
  more,
  until = onTestFinished,
  service,
}: ServerOptions = {}) {
  const directory = data ?? (await mkdtemp(join(tmpdir(), 'cookbook-server-')));
  const engine = new Engine({ threads: 1 });
  const failures: unknown[] = [];
  const server = await listen({
    backend: {
      models: [...(await Promise.all(Object.entries(models).map(servedAs))), ...besides],
      session: ({ checkpoints }) =>
        service ?? engine.session({ checkpoints, microbatchTokens: MICROBATCH_TOKENS, seed: 0 }),
    },
    data: directory,
    host: '127.0.0.1',
    port: 0,
    key: key ?? null,
    limits,
    customLosses,
    more,
    notify: (message) => failures.push(message),
    report: (error) => failures.push(error),
  });
  until(async () => {
    await server.close();
    await engine.close();
    if (data === undefined) await rm(directory, { recursive: true, force: true });
  });
  return { ...server, failures, client: jsonClient(server.url) };
}

async function servedAs([name, directory]: [string, string]): Promise<ServedModel> {
  const { max_position_embeddings } = await readModelConfig(directory);
  return { name, aliases: [directory], source: directory, directory, max_context_length: max_position_embeddings };
}

interface Answer {
  status: number;
  body: JsonObject;
}

export type JsonClient = ReturnType<typeof jsonClient>;

/** `key` is sent with every request, where there is one. */
export function jsonClient(url: string, key?: string) {
  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = { ...Object(init.headers), ...(key !== undefined && { 'X-API-Key': key }) };
    const response = await fetch(`${url}/api/v1/${path}`, { ...init, method, headers });
    const text = await response.text();
    const body: unknown = text === '' ? {} : JSON.parse(text);
    if (!isJsonObject(body)) throw new Error(`${path} answered ${text.slice(0, 100)}`);
    return { status: response.status, body };
  };
  const post = (path: string, body: object) =>
    send('POST', path, { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  const granted = async (path: string, body: object): Promise<JsonObject> => {
    const answer = await post(path, body);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const result = async (promise: JsonObject): Promise<JsonObject> => {
    for (;;) {
      const answer = await post('retrieve_future', { request_id: promise.request_id, allow_metadata_only: false });
      if (answer.status !== 408) return answer.body;
    }
  };
  return {
    url,
    send,
    post,
    /** The body of an answer that grants the request. */
    granted,
    /** What a promise comes to. */
    result,
    /** A request that is promised and then kept. */
    done: async (path: string, body: object) => await result(await granted(path, body)),
    session: async () => String((await granted('create_session', { tags: [], sdk_version: '0' })).session_id),
  };
}

/** A new session with a model in training; requests to it are numbered by the test. */
export async function openModel(client: JsonClient, lora: object = { rank: 4, seed: 1 }) {
  const session_id = await client.session();
  const request = { session_id, model_seq_id: 0, base_model: 'tiny', lora_config: lora };
  const { model_id } = await client.done('create_model', request);
  return { session_id, model_id: String(model_id) };
}

export const TOKENS = [5, 6, 7, 8, 9, 10, 11, 12];

export function datumJson(tokens: readonly number[] = TOKENS, more: object = {}) {
  return {
    model_input: { chunks: [{ type: 'encoded_text', tokens: tokens.slice(0, -1) }] },
    loss_fn_inputs: { target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [tokens.length - 1] }, ...more },
  };
}

export function passJson(model_id: string, seq_id: number, data: object[] = [datumJson()], loss_fn = 'cross_entropy') {
  return { model_id, seq_id, forward_backward_input: { data, loss_fn } };
}

export const adamJson = (model_id: string, seq_id: number, learning_rate = 1e-3) => ({
  model_id,
  seq_id,
  adam_params: { learning_rate },
});
