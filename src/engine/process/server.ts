// The engine as a process of its own has it: a socket at which runs attach, each connection a session.

import { createServer, type Server, type Socket } from 'node:net';
import type { APIFuture, SamplingClient } from '../../tinker/clients.ts';
import { RequestError } from '../../util/errors.ts';
import type { Device } from '../device.ts';
import { Engine } from '../engine.ts';
import type { LocalServiceClient } from '../service.ts';
import type { LocalTrainingClient } from '../training_client.ts';
import { sentError } from './errors.ts';
import { Link } from './link.ts';
import { type MadeClient, type Reply, type Request, requestOf, type Sample, type Submission } from './protocol.ts';

export interface ServedEngineOptions {
  /** Path of a Unix socket, or name of a pipe, that does not exist yet. */
  socket: string;
  device: Device;
  threads: number;
}

export interface ServedEngine {
  /** Lets nobody in any more, and resolves when all who are in have gone. */
  close(): Promise<void>;
}

/** Resolves when runs can attach. */
export async function serveEngine({ socket, device, threads }: ServedEngineOptions): Promise<ServedEngine> {
  const engine = new Engine({ device, threads });
  const attached = new Set<AttachedRun>();
  const server = createServer((connection) => {
    const run = new AttachedRun(connection, engine, device);
    attached.add(run);
    void run.gone.finally(() => attached.delete(run));
  });
  await listening(server, socket);
  return {
    async close() {
      for (const run of attached) run.dismissStranger();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all([...attached].map(({ gone }) => gone));
    },
  };
}

function listening(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
}

/** One run: its session, its clients by number, and what of its requests can be given up. */
class AttachedRun {
  /** Resolves when the run has gone, and nothing is under way for it any more. */
  readonly gone: Promise<void>;
  readonly #engine: Engine;
  readonly #device: Device;
  readonly #link: Link;
  readonly #trainers = new Map<number, LocalTrainingClient>();
  readonly #samplers = new Map<number, SamplingClient>();
  readonly #aborts = new Map<number, AbortController>();
  readonly #socket: Socket;
  #session: LocalServiceClient | null = null;
  #clients = 0;

  constructor(socket: Socket, engine: Engine, device: Device) {
    this.#socket = socket;
    this.#engine = engine;
    this.#device = device;
    let left = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      left = resolve;
    });
    this.gone = ended.then(() => this.#session?.close());
    this.#link = new Link(socket, {
      side: 'engine',
      onTurn: (messages) => {
        for (const message of messages) this.#hear(requestOf(message));
      },
      onEnd: () => {
        for (const abort of this.#aborts.values()) abort.abort();
        left();
      },
    });
  }

  /** Lets go of whoever has opened no session: it has nothing to save. */
  dismissStranger(): void {
    if (this.#session === null) this.#socket.destroy();
  }

  #say(reply: Reply): void {
    this.#link.send(reply);
  }

  #hear(request: Request): void {
    if (request.op === 'abort') {
      this.#aborts.get(request.id)?.abort();
      return;
    }
    this.#answer(request)
      .then((value) => this.#say({ type: 'result', id: request.id, value }))
      .catch((error: unknown) => this.#say({ type: 'error', id: request.id, error: sentError(error) }));
  }

  /** Begins at once what is asked for, so that the order of requests is kept. */
  async #answer(request: Exclude<Request, { op: 'abort' }>): Promise<unknown> {
    switch (request.op) {
      case 'open':
        return this.#open(request);
      case 'capabilities':
        return await this.#service.getServerCapabilities({ models: request.models });
      case 'create_lora':
        return await this.#trainer(this.#service.createLoraTrainingClient(request.options));
      case 'create_full':
        return await this.#trainer(this.#service.createFullTrainingClient(request.options));
      case 'from_state':
        return await this.#trainer(
          request.optimizer
            ? this.#service.createTrainingClientFromStateWithOptimizer(request.path)
            : this.#service.createTrainingClientFromState(request.path),
        );
      case 'create_sampler':
        return await this.#sampler(this.#service.createSamplingClient(request));
      case 'delete_checkpoint':
        return await this.#service.deleteCheckpoint(request.path);
      case 'snapshot':
        return await this.#sampler(known(this.#trainers, request.client).saveWeightsAndGetSamplingClient());
      case 'sample':
        return await this.#unlessAborted(request, (client, signal) => this.#sample(client, request, signal));
      case 'compute_logprobs':
        return await this.#unlessAborted(request, (client, signal) =>
          client.computeLogprobs(request.input, { last_n: request.last_n, signal }),
        );
      case 'close':
        return await this.#close(request.client);
      default: {
        const future = await submit(known(this.#trainers, request.client), request);
        this.#say({ type: 'accepted', id: request.id });
        return await future.result();
      }
    }
  }

  #open({ device, session }: Extract<Request, { op: 'open' }>): null {
    if (this.#session !== null) throw new RequestError('a run attaches once');
    if (device !== this.#device) throw new RequestError(`this engine computes on ${this.#device}, not on ${device}`);
    this.#session = this.#engine.session({
      ...session,
      notify: (message) => this.#say({ type: 'notice', message }),
      caughtUp: () => this.#link.caughtUp(),
    });
    return null;
  }

  get #service(): LocalServiceClient {
    if (this.#session === null) throw new RequestError('a run attaches before it asks for anything');
    return this.#session;
  }

  async #trainer(making: Promise<LocalTrainingClient>): Promise<MadeClient> {
    const made = await making;
    this.#clients += 1;
    const client = this.#clients;
    this.#trainers.set(client, made);
    return { client, info: await made.getInfo() };
  }

  async #sampler(making: Promise<SamplingClient>): Promise<MadeClient> {
    const made = await making;
    this.#clients += 1;
    const client = this.#clients;
    this.#samplers.set(client, made);
    return { client, info: await made.getInfo() };
  }

  async #unlessAborted<T>(
    { id, client }: { id: number; client: number },
    work: (client: SamplingClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    this.#aborts.set(id, controller);
    try {
      return await work(known(this.#samplers, client), controller.signal);
    } finally {
      this.#aborts.delete(id);
    }
  }

  #sample(client: SamplingClient, request: Sample, signal: AbortSignal) {
    const { id, prompt, num_samples, params, asked, tells } = request;
    return client.sample(prompt, num_samples, params, {
      ...asked,
      signal,
      ...(tells && { onToken: (token, member) => this.#say({ type: 'token', id, token, member }) }),
    });
  }

  async #close(client: number | null): Promise<null> {
    if (client === null) await this.#session?.close();
    else {
      const closing = this.#trainers.get(client) ?? this.#samplers.get(client);
      this.#trainers.delete(client);
      this.#samplers.delete(client);
      await closing?.close();
    }
    return null;
  }
}

/** Synchronous up to the call, which takes its place in the order of the client's requests. */
function submit(client: LocalTrainingClient, request: Submission): Promise<APIFuture<unknown>> {
  switch (request.op) {
    case 'optim_step':
      return client.optimStep(request.params);
    case 'save_state':
      return client.saveState(request.name);
    case 'save_weights':
      return client.saveWeightsForSampler(request.name);
    default: {
      const { op, data, loss_fn, config, logprobs } = request;
      const call = [data, loss_fn, config, logprobs === undefined ? undefined : { logprobs }] as const;
      if (op === 'forward') return client.forward(...call);
      return op === 'forward_backward' ? client.forwardBackward(...call) : client.forwardBackwardCalm(...call);
    }
  }
}

function known<Client>(clients: ReadonlyMap<number, Client>, number: number): Client {
  const client = clients.get(number);
  if (client === undefined) throw new RequestError('this client is closed');
  return client;
}
