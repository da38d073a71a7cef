// What was asked for and is fetched later: results by the id of their request, kept until they are surely delivered.

import type { ForwardBackwardOutput, SampleResponse, TensorData, TopkLogprobs } from '../types.ts';
import type { ExactJsonObject } from '../wire/json.ts';
import { type Completion, Completions } from './completions.ts';
import type { Limits } from './limits.ts';
import { isOfUser, Refusal, told } from './refusal.ts';
import { woken } from './waiting.ts';

export type Result =
  | { kind: 'json'; value: ExactJsonObject }
  | { kind: 'forward_backward'; output: ForwardBackwardOutput }
  | { kind: 'sample'; response: SampleResponse };

export type Outcome = Result | { kind: 'failed'; error: string; category: 'user' | 'server' };

interface Future {
  operation: string;
  /** Under what name clients ask about all requests of a sampler; null: each is asked about by itself. */
  target: string | null;
  outcome: Outcome | null;
  bytes: number;
  readonly abort: AbortController;
  /** Polls that wait. */
  readonly waiting: Set<() => void>;
}

/** Of a token and its log-prob, as a list of two. */
const BYTES_OF_PAIR = 72;
/** What of a request is counted besides its result. */
const BYTES_OF_ANY = 500;

export interface SubmitOptions {
  /** Who is told when it is done, of those that ask about many requests at once. */
  target?: string | null;
  /** What it holds of memory until it is done. */
  bytes?: number;
}

export class Futures {
  readonly #limits: Pick<Limits, 'pendingRequests' | 'requestBytes' | 'resultBytes' | 'deliveredMs' | 'pollMs'>;
  readonly #report: (error: unknown) => void;
  readonly #futures = new Map<string, Future>();
  readonly #completions = new Completions();
  /** Ids of settled requests in the order in which they are forgotten; of those that were fetched, with the time. */
  readonly #undelivered = new Set<string>();
  readonly #delivered = new Map<string, number>();
  #pending = 0;
  #pendingBytes = 0;
  #bytes = 0;
  #isClosed = false;

  /** `report` is told of failures that no client is to blame for. */
  constructor(
    limits: Pick<Limits, 'pendingRequests' | 'requestBytes' | 'resultBytes' | 'deliveredMs' | 'pollMs'>,
    report: (error: unknown) => void,
  ) {
    this.#limits = limits;
    this.#report = report;
  }

  /** Requests that have no outcome yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether the request is known already. Throws a Refusal if it is another one of the same number. */
  has(id: string, operation: string): boolean {
    const known = this.#futures.get(id)?.operation;
    if (known === undefined || known === operation) return known !== undefined;
    throw new Refusal(400, `${operation}: this number is that of an earlier request, ${known}`);
  }

  /** Throws a Refusal while too many requests wait, or too much for one of this size. One alone always finds room. */
  requireRoom(bytes = 0): void {
    const { pendingRequests, requestBytes } = this.#limits;
    const fits = this.#pendingBytes === 0 || this.#pendingBytes + bytes <= requestBytes;
    if (this.#pending < pendingRequests && fits) return;
    throw new Refusal(429, `${this.#pending} requests wait; send this one again when some of them are done`);
  }

  /** Begins what is asked for, once for an id. */
  submit(
    id: string,
    operation: string,
    work: (signal: AbortSignal) => Promise<Result>,
    { target = null, bytes = 0 }: SubmitOptions = {},
  ): void {
    if (this.has(id, operation)) return;
    const abort = new AbortController();
    const future: Future = { operation, target, outcome: null, bytes: 0, abort, waiting: new Set() };
    this.#futures.set(id, future);
    this.#pending += 1;
    this.#pendingBytes += bytes;
    void outcomeOf(work(future.abort.signal), this.#report).then((outcome) => {
      this.#pending -= 1;
      this.#pendingBytes -= bytes;
      this.#settle(id, future, outcome);
    });
  }

  /**
   * The outcome; null if there is none after a while, or the poll is given up. Throws a Refusal for an id that nothing is kept
   * under.
   */
  async poll(id: string, signal: AbortSignal): Promise<Outcome | null> {
    const future = this.#futures.get(id);
    if (future === undefined) {
      throw new Refusal(410, `no result is kept for request ${id}: it was fetched long ago, or refused, or given up`);
    }
    if (future.outcome === null && !this.#isClosed) await woken(future.waiting, this.#limits.pollMs, signal);
    if (future.outcome !== null && this.#futures.get(id) === future) {
      this.#undelivered.delete(id);
      this.#delivered.delete(id);
      this.#delivered.set(id, Date.now());
    }
    return future.outcome;
  }

  /** Which requests of a target are done since `cursor`; waits for one for a while, unless `timeoutMs` is 0. */
  async completions(
    target: string,
    { cursor, timeoutMs, signal }: { cursor: number; timeoutMs: number | null; signal: AbortSignal },
  ): Promise<{ completions: Completion[]; cursor: number }> {
    const { pollMs } = this.#limits;
    return await this.#completions.poll(target, { cursor, timeoutMs: Math.min(timeoutMs ?? pollMs, pollMs), signal });
  }

  /** Forgets a result that its client says it has. */
  release(id: string): void {
    if (this.#delivered.has(id)) this.#drop(id);
  }

  /** Gives up a request that samples; any other goes on. */
  cancel(id: string): void {
    this.#futures.get(id)?.abort.abort(new Refusal(400, 'the request was cancelled'));
  }

  /** Forgets all requests whose ids begin so, and gives up those that can be. */
  forget(prefix: string): void {
    for (const id of [...this.#futures.keys()].filter((each) => each.startsWith(prefix))) {
      this.cancel(id);
      this.#drop(id);
    }
  }

  /** Forgets what was fetched long ago. */
  tidy(now: number): void {
    for (const [id, at] of this.#delivered) {
      if (now - at < this.#limits.deliveredMs) return;
      this.#drop(id);
    }
  }

  /** Polls are answered at once from now on. */
  close(): void {
    this.#isClosed = true;
    this.#completions.close();
    for (const { waiting } of this.#futures.values()) for (const wake of waiting) wake();
  }

  #settle(id: string, future: Future, outcome: Outcome): void {
    if (this.#futures.get(id) === future) {
      future.outcome = outcome;
      future.bytes = BYTES_OF_ANY + bytesOf(outcome);
      this.#bytes += future.bytes;
      this.#undelivered.add(id);
      if (future.target !== null) {
        this.#completions.add(future.target, id, outcome.kind === 'failed' ? 'failed' : 'finished');
      }
      this.#makeRoom(id);
    }
    for (const wake of [...future.waiting]) wake();
  }

  /** What was fetched goes first. */
  #makeRoom(kept: string): void {
    for (const ids of [this.#delivered.keys(), this.#undelivered]) {
      for (const id of ids) {
        if (this.#bytes <= this.#limits.resultBytes) return;
        if (id !== kept) this.#drop(id);
      }
    }
  }

  #drop(id: string): void {
    const future = this.#futures.get(id);
    this.#futures.delete(id);
    this.#undelivered.delete(id);
    this.#delivered.delete(id);
    this.#bytes -= future?.bytes ?? 0;
    if (future?.target) this.#completions.drop(future.target, id);
    for (const wake of [...(future?.waiting ?? [])]) wake();
  }
}

async function outcomeOf(work: Promise<Result>, report: (error: unknown) => void): Promise<Outcome> {
  try {
    return await work;
  } catch (error) {
    if (isOfUser(error)) return { kind: 'failed', error: told(error), category: 'user' };
    if (!(error instanceof Refusal)) report(error);
    return { kind: 'failed', error: told(error), category: 'server' };
  }
}

function bytesOf(outcome: Outcome): number {
  if (outcome.kind === 'forward_backward') {
    const tensors: TensorData[] = outcome.output.loss_fn_outputs.flatMap((record) => Object.values(record));
    return tensors.reduce((sum, { data }) => sum + 8 * data.length, 0);
  }
  if (outcome.kind !== 'sample') return 0;
  const { sequences, prompt_logprobs = [], topk_prompt_logprobs = [] } = outcome.response;
  const { target_prompt_logprobs: targets, prompt_alt_tokens: alt } = outcome.response;
  const pairs = (rows: TopkLogprobs) => rows.reduce((sum, row) => sum + BYTES_OF_PAIR * (row?.length ?? 0), 0);
  const sampled = sequences.reduce(
    (sum, { tokens, topk_sampled_logprobs = [] }) => sum + 16 * tokens.length + pairs(topk_sampled_logprobs),
    0,
  );
  const cells =
    (targets?.data.length ?? 0) + (targets?.sparse_col_indices?.length ?? 0) + (alt?.tokens.data.length ?? 0);
  return sampled + 8 * prompt_logprobs.length + pairs(topk_prompt_logprobs) + 16 * cells;
}
