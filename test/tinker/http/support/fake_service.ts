// A service of the Tinker API on a real socket: it keeps the protocol, computes toy numbers, and fails when it is told to.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../../src/tinker/http/clock.ts';
import { Credential } from '../../../../src/tinker/http/credentials.ts';
import { HttpServiceClient, type HttpServiceOptions } from '../../../../src/tinker/http/service.ts';
import { Transport } from '../../../../src/tinker/http/transport.ts';
import type { Datum, ForwardBackwardOutput, SampleResponse } from '../../../../src/tinker/types.ts';
import {
  decodeForwardBackwardRequest,
  encodeForwardBackwardOutput,
  type ForwardBackwardRequest,
} from '../../../../src/tinker/wire/forward_backward.ts';
import { forwardBackwardOutputJson, forwardBackwardRequestAt } from '../../../../src/tinker/wire/json_messages.ts';
import { encodeSampleResponse } from '../../../../src/tinker/wire/sample.ts';
import type { JsonObject } from '../../../../src/util/json.ts';

export const KEY = 'tml-a-key-that-nobody-may-see';

export interface Heard {
  method: string;
  /** Below `/api/v1/`. */
  path: string;
  headers: IncomingMessage['headers'];
  json: JsonObject;
}

/** What happens to an exchange in the place of its answer; null: it goes well. */
export type Fault =
  | { status: number; body?: JsonObject; headers?: Record<string, string> }
  /** The connection is cut: before the service has read the request, after it has done it, or after so many bytes of its answer. */
  | { cut: 'before' | 'after' | number };

interface Stored {
  id: string;
  polls: number;
  json?: JsonObject;
  protobuf?: Uint8Array;
}

export interface FakeOptions {
  config?: JsonObject;
  dynamic?: JsonObject;
  /** Polls of each request that are told to try again. */
  pendingPolls?: number;
  /** It reads passes as JSON only. */
  jsonOnly?: boolean;
  /** It loads weights into a model that was created before, and knows no other way. */
  loadsIntoModels?: boolean;
  models?: { model_name: string; max_context_length?: number }[];
  /** Log-probs of prompts of which it leaves out so many at the beginning. */
  promptLogprobsSkipped?: number;
}

export class FakeService {
  readonly heard: Heard[] = [];
  /** What was done to models, in the order that it was done. */
  readonly done: string[] = [];
  fault: (heard: Heard) => Fault | null = () => null;
  /** Requests of samples that are computed at the moment, and the most that there were. */
  readonly sampling = { now: 0, most: 0 };
  readonly #options: FakeOptions;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #results = new Map<string, Stored>();
  readonly #waiting = new Map<string, Map<number, () => void>>();
  readonly #next = new Map<string, number>();
  #sessions = 0;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => this.stop());
    return this.address;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  heardOf(path: string): Heard[] {
    return this.heard.filter((each) => each.path === path);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const { method = '', url = '', headers } = request;
    const isProtobuf = headers['content-type'] === 'application/x-protobuf';
    const pass = isProtobuf ? decodeForwardBackwardRequest(body) : null;
    const json: JsonObject =
      pass !== null
        ? {
            protobuf: true,
            model_id: pass.model_id,
            seq_id: pass.seq_id,
            masks: (pass.logprobs ?? []).map((mask) => [...Array.from(mask)]),
          }
        : body.length > 0
          ? JSON.parse(body.toString())
          : {};
    const heard = { method, path: url.replace('/api/v1/', ''), headers, json };
    this.heard.push(heard);
    const fault = this.fault(heard);
    if (fault !== null && 'status' in fault) {
      respond(response, { status: fault.status, json: fault.body ?? { detail: 'as told' }, headers: fault.headers });
      return;
    }
    if (fault?.cut === 'before') {
      request.socket.destroy();
      return;
    }
    const answer = this.#route(heard, pass);
    if (fault === null) respond(response, answer);
    else if (fault.cut === 'after') request.socket.destroy();
    else cutOff(response, answer, fault.cut);
  }

  #route({ method, path, json, headers }: Heard, pass: ForwardBackwardRequest | null): Reply {
    const { config = {}, dynamic = {}, models = [{ model_name: 'org/toy', max_context_length: 64 }] } = this.#options;
    if (path === 'client/config') return ok(config);
    if (path === 'client/dynamic_config') return ok(dynamic);
    if (path === 'create_session') return ok({ session_id: `session-${++this.#sessions}`, type: 'create_session' });
    if (path === 'session_heartbeat') return ok({ type: 'session_heartbeat' });
    if (path === 'get_server_capabilities') return ok({ supported_models: models });
    if (path === 'create_sampling_session') {
      return ok({ sampling_session_id: `${json.session_id}:sample:${json.sampling_session_seq_id}` });
    }
    if (path.startsWith('samplers/')) return ok({ sampler_id: 'sampler', base_model: models[0].model_name });
    if (path === 'get_info') {
      return ok({
        model_id: json.model_id,
        model_data: { model_name: models[0].model_name },
        is_lora: true,
        lora_rank: 8,
      });
    }
    if (path === 'weights_info') return ok({ base_model: 'org/toy', is_lora: true, lora_rank: 16, train_mlp: false });
    if (path === 'load_weights' && this.#options.loadsIntoModels) {
      if (json.model_id === undefined) return { status: 422, json: { detail: 'model_id: Field required' } };
      return this.#inOrder(json, `load ${json.path} ${json.optimizer}`, { path: json.path });
    }
    if (path === 'create_model' || (path === 'load_weights' && json.session_id !== undefined)) {
      const model_id = `${json.session_id}:train:${json.model_seq_id}`;
      if (!this.#next.has(model_id)) {
        this.#next.set(model_id, 1);
        this.done.push(path === 'create_model' ? path : `${path} ${json.path} ${json.optimizer}`);
      }
      return this.#promise(`new ${model_id}`, { json: { model_id, type: path } });
    }
    if (path === 'forward_backward' || path === 'forward') {
      if (pass !== null && this.#options.jsonOnly) return { status: 415, json: { detail: 'JSON only' } };
      return this.#pass(pass ?? forwardBackwardRequestAt(json));
    }
    if (path === 'optim_step') return this.#inOrder(json, 'optim_step', { metrics: { 'grad_norm:mean': 1.5 } });
    if (path === 'save_weights') return this.#inOrder(json, `save ${json.path}`, { path: saved(json, 'weights') });
    if (path === 'save_weights_for_sampler') {
      const session = String(json.model_id).split(':')[0];
      const ephemeral = { sampling_session_id: `${session}:sample:${json.sampling_session_seq_id}` };
      const result = json.path === undefined ? ephemeral : { path: saved(json, 'sampler_weights') };
      return this.#inOrder(json, `save_for_sampler ${json.path ?? '-'}`, result);
    }
    if (path === 'asample') return this.#sample(json);
    if (path === 'retrieve_future') return this.#poll(String(json.request_id), headers.accept ?? '');
    if (path === 'cancel_future' || path.endsWith('/finish') || method === 'DELETE') return { status: 204 };
    return { status: 404, json: { detail: 'Not Found' } };
  }

  #pass(request: ForwardBackwardRequest): Reply {
    const { model_id, seq_id, data, forward_only } = request;
    const output = toyOutput(data);
    const result = {
      protobuf: encodeForwardBackwardOutput(output),
      json: forwardBackwardOutputJson(output) as JsonObject,
    };
    const what = `${forward_only ? 'forward' : 'forward_backward'} ${data.length}`;
    return this.#inOrder({ model_id, seq_id }, what, result.json, result.protobuf);
  }

  /** Requests of a model are done in the order of their numbers, each once. */
  #inOrder(json: JsonObject, what: string, result: JsonObject, protobuf?: Uint8Array): Reply {
    const model = String(json.model_id);
    const seq = Number(json.seq_id);
    const waiting = this.#waiting.get(model) ?? new Map<number, () => void>();
    this.#waiting.set(model, waiting);
    const known = this.#results.has(`${model} ${seq}`);
    const reply = this.#promise(`${model} ${seq}`, { json: result, ...(protobuf && { protobuf }) });
    if (known) return reply;
    waiting.set(seq, () => this.done.push(what));
    for (let next = this.#next.get(model) ?? 1; waiting.has(next); next++) {
      waiting.get(next)?.();
      waiting.delete(next);
      this.#next.set(model, next + 1);
    }
    return reply;
  }

  #sample(json: JsonObject): Reply {
    const count = Number(json.num_samples);
    const { chunks } = json.prompt as { chunks: { tokens: number[] }[] } & JsonObject;
    const prompt = chunks.flatMap(({ tokens }) => tokens);
    const id = `${json.sampling_session_id} sample ${json.seq_id}`;
    const response: SampleResponse = {
      sequences: Array.from({ length: count }, (_, i) => ({
        stop_reason: 'length',
        tokens: [prompt.length, i],
        logprobs: [-1, -2],
      })),
      ...(json.prompt_logprobs === true && {
        prompt_logprobs: prompt.map((token, i) => (i === 0 ? null : -token)).slice(this.#options.promptLogprobsSkipped),
      }),
    };
    if (!this.#results.has(id)) {
      this.done.push(`sample ${prompt.join(' ')}`);
      this.sampling.now++;
      this.sampling.most = Math.max(this.sampling.most, this.sampling.now);
    }
    const reply = this.#promise(id, { protobuf: encodeSampleResponse(response), json: {} });
    return {
      ...reply,
      json: { ...reply.json, sample_sequence_ids: Array.from({ length: count }, (_, i) => `${id}/${i}`) },
    };
  }

  #promise(id: string, result: Omit<Stored, 'id' | 'polls'>): Reply {
    if (!this.#results.has(id)) this.#results.set(id, { id, polls: 0, ...result });
    return { status: 202, json: { request_id: id } };
  }

  #poll(id: string, accept: string): Reply {
    const stored = this.#results.get(id);
    if (stored === undefined) return { status: 404, json: { detail: `no request ${id}` } };
    if (stored.polls++ < (this.#options.pendingPolls ?? 0)) {
      return { status: 408, json: { type: 'try_again', request_id: id, queue_state: 'active' } };
    }
    if (id.includes(' sample ') && stored.polls === (this.#options.pendingPolls ?? 0) + 1) this.sampling.now--;
    const { json = {}, protobuf } = stored;
    return protobuf !== undefined && accept.includes('protobuf') && !this.#options.jsonOnly
      ? { status: 200, protobuf }
      : ok(json);
  }
}

interface Reply {
  status: number;
  json?: JsonObject;
  protobuf?: Uint8Array;
  headers?: Record<string, string> | undefined;
}

const ok = (json: JsonObject): Reply => ({ status: 200, json });
const saved = (json: JsonObject, kind: string) => `tinker://${json.model_id}/${kind}/${json.path}`;

function bytesOf({ json, protobuf }: Reply): Buffer {
  if (protobuf !== undefined) return Buffer.from(protobuf);
  return Buffer.from(json === undefined ? '' : JSON.stringify(json));
}

function head(reply: Reply, length: number): Record<string, string> {
  const type = reply.protobuf === undefined ? 'application/json' : 'application/x-protobuf';
  const content: Record<string, string> =
    reply.status === 204 ? {} : { 'Content-Type': type, 'Content-Length': `${length}` };
  return { ...content, ...reply.headers };
}

function respond(response: ServerResponse, reply: Reply): void {
  const bytes = bytesOf(reply);
  response.writeHead(reply.status, head(reply, bytes.length));
  response.end(bytes);
}

function cutOff(response: ServerResponse, reply: Reply, sent: number): void {
  const bytes = bytesOf(reply);
  response.writeHead(reply.status, head(reply, bytes.length));
  response.write(bytes.subarray(0, sent), () => response.destroy());
}

/** Log-probs that depend on the token alone, and the loss of cross-entropy. */
export function toyOutput(data: readonly Datum[]): ForwardBackwardOutput {
  const records = data.map(({ loss_fn_inputs: { target_tokens } }) => ({
    logprobs: {
      data: Float32Array.from(target_tokens.data, (token: number) => -(token + 1) / 8),
      dtype: 'float32' as const,
      shape: target_tokens.shape,
    },
  }));
  const loss = data.reduce((sum, { loss_fn_inputs: { weights } }, d) => {
    const logprobs = records[d].logprobs.data;
    return sum - logprobs.reduce((part, logprob, t) => part + logprob * (weights?.data[t] ?? 1), 0);
  }, 0);
  return { loss_fn_output_type: 'ArrayRecord', loss_fn_outputs: records, metrics: { 'loss:sum': loss } };
}

export function datum(tokens: number[], weights = tokens.map(() => 1)): Datum {
  return {
    model_input: { chunks: [{ type: 'encoded_text', tokens }] },
    loss_fn_inputs: {
      target_tokens: { data: tokens, dtype: 'int64', shape: [tokens.length] },
      weights: { data: Float32Array.from(weights), dtype: 'float32', shape: [weights.length] },
    },
  };
}

export const ADAM = { learning_rate: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };

/** A clock on which every wait is over at once. */
class QuickClock implements Clock {
  readonly sleeps: number[] = [];
  #now = 0;

  now(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(milliseconds);
    this.#now += milliseconds;
    // Others get their turn, so that what is waited for can happen.
    await sleep(0);
    signal?.throwIfAborted();
  }
}

interface Connected {
  service: HttpServiceClient;
  clock: QuickClock;
  /** What the user was told. */
  told: string[];
}

/** A client of a service; closed behind the test. */
export async function connect(address: string, options: Partial<HttpServiceOptions> = {}): Promise<Connected> {
  const clock = new QuickClock();
  const told: string[] = [];
  const credential = await Credential.of(address, { TINKER_API_KEY: KEY });
  const transport = new Transport({ address, credential, clock, notify: (message) => told.push(message) });
  const service = new HttpServiceClient(transport, {
    project_id: null,
    base_model: null,
    max_context_length: null,
    record_stability_info: false,
    seed: 7,
    ...options,
  });
  onTestFinished(() => service.close());
  return { service, clock, told };
}

export const LORA = { base_model: 'org/toy', rank: 8 };
