// Sampling many sequences at once: requests that wait join the running batch, sequences that end leave it.

import type { SampleOptions } from '../tinker/clients.ts';
import type { SampledSequence, SamplingParams } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';
import { nextUniform, randomFor } from '../util/random.ts';
import { type Choice, chooseToken } from './choose.ts';
import { groupFeed, rowsInGroups } from './frozen_linear.ts';
import { KeyValueCache } from './kv_cache.ts';
import { layOut } from './layout.ts';
import type { Lease } from './lease.ts';
import { prefillBytes } from './memory_estimates.ts';
import type { AdapterShape } from './model.ts';
import { frozenFeeds, type Parameters } from './parameters.ts';
import { sequenceFeeds } from './pass.ts';
import { ranked } from './ranking.ts';
import { type Dense, floats, integers } from './session.ts';
import type { StopCheck } from './stopping.ts';

/** Sequences that are computed together, and so the most that one request can ask for. */
export const MAX_BATCH = 64;
/** Prompt tokens that are read in one run. */
const MAX_PREFILL_TOKENS = 4096;

export interface SampleRequest {
  prompt: number[];
  /** At most MAX_BATCH. */
  numSamples: number;
  /** Number of the first sample, where a larger request was divided. */
  firstMember: number;
  params: SamplingParams;
  stops: StopCheck;
  /** Decides every draw: with the same seed, member i of a request samples the same tokens, whoever else is in the batch. */
  seed: number;
  /** So many of the most likely tokens are told of each token that is sampled; 0 = none. */
  topK: number;
  /** Aborted, the request leaves the batch before the next token, or does not join it. */
  signal: AbortSignal | undefined;
  onToken: SampleOptions['onToken'];
}

interface Pending extends SampleRequest {
  resolve(sequences: SampledSequence[]): void;
  reject(error: unknown): void;
}

export interface SamplerOptions {
  /** Whether a sequence that is sampled by itself gets the bits that it gets in a batch, which takes longer. */
  batchInvariant: boolean;
  /** Where the requests come from another process: resolves when it has heard what it was told so far and has answered. */
  caughtUp?: () => Promise<void>;
}

/** A prompt, and the requests that ask about it. */
interface Asked {
  prompt: readonly number[];
  by: Pending[];
}

interface Sequence {
  choice: Choice;
  stops: StopCheck;
  uniform(): number;
  topK: number;
  sampled: SampledSequence;
  tell(token: number): void;
  signal: AbortSignal | undefined;
  /** Called with the sequence when it ends. */
  finish(sequence: SampledSequence): void;
  fail(error: unknown): void;
}

/** One sampler a set of parameters. */
export class Sampler {
  readonly #lease: Lease;
  readonly #adapter: AdapterShape;
  readonly #batchInvariant: boolean;
  readonly #caughtUp: (() => Promise<void>) | undefined;
  readonly #frozen: Record<string, Dense>;
  readonly #cache: KeyValueCache;
  #waiting: Pending[] = [];
  #active: Sequence[] = [];
  #running = false;

  constructor(lease: Lease, parameters: Parameters, { batchInvariant, caughtUp }: SamplerOptions) {
    const { base } = lease.model;
    this.#lease = lease;
    this.#adapter = { rank: parameters.rank, adapted: parameters.adapted };
    this.#batchInvariant = batchInvariant;
    this.#caughtUp = caughtUp;
    this.#frozen = frozenFeeds(base, parameters);
    this.#cache = new KeyValueCache(base);
  }

  sample(request: SampleRequest): Promise<SampledSequence[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...request, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        // The next turn of the event loop, so that requests made together are read together.
        setImmediate(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    try {
      // Who asks for more because a sequence has ended does so while the next token is computed: also from another process.
      let caughtUp = this.#caughtUp?.();
      while (this.#waiting.length > 0 || this.#active.length > 0) {
        if (caughtUp !== undefined) await caughtUp;
        this.#dropAborted();
        await this.#admit();
        caughtUp = this.#caughtUp?.();
        if (this.#active.length > 0) await this.#step();
      }
    } catch (error) {
      for (const sequence of this.#active) sequence.fail(error);
      for (const pending of this.#waiting) pending.reject(error);
      this.#active = [];
      this.#waiting = [];
      this.#cache.retain([]);
    } finally {
      this.#running = false;
    }
  }

  /** Lets those go whose requests were given up; the others keep their places. */
  #dropAborted(): void {
    const isAborted = ({ signal }: { signal: AbortSignal | undefined }) => signal?.aborted === true;
    for (const pending of this.#waiting.filter(isAborted)) pending.reject(pending.signal?.reason);
    this.#waiting = this.#waiting.filter((pending) => !isAborted(pending));
    for (const sequence of this.#active.filter(isAborted)) sequence.fail(sequence.signal?.reason);
    this.#keep(this.#active.flatMap((sequence, index) => (isAborted(sequence) ? [] : [index])));
  }

  /** Reads the prompts of waiting requests for which there is room; what several of them ask about is read once. */
  async #admit(): Promise<void> {
    let room = MAX_BATCH - this.#active.length;
    let [tokens, count] = [0, 0];
    const prompts = new Map<string, Asked>();
    for (const pending of this.#waiting) {
      const { prompt, numSamples } = pending;
      const key = prompt.join();
      const asked = prompts.get(key) ?? { prompt, by: [] };
      const more = asked.by.length === 0 ? prompt.length : 0;
      if (numSamples > room || (count > 0 && tokens + more > MAX_PREFILL_TOKENS)) break;
      asked.by.push(pending);
      prompts.set(key, asked);
      room -= numSamples;
      tokens += more;
      count += 1;
    }
    if (count === 0) return;
    this.#waiting = this.#waiting.slice(count);
    await this.#read([...prompts.values()]);
  }

  /** What cannot be read together, for want of memory, is read by itself; what cannot be read at all fails alone. */
  async #read(prompts: Asked[]): Promise<void> {
    const read = await this.#prefill(prompts).catch(async (error: unknown) => {
      if (prompts.length > 1 && error instanceof RequestError) {
        for (const asked of prompts) await this.#read([asked]);
      } else {
        for (const pending of prompts.flatMap(({ by }) => by)) pending.reject(error);
      }
      return null;
    });
    if (read === null) return;
    const arrived = prompts
      .flatMap(({ by }) => by)
      .flatMap((pending, row) => startSequences(pending).map((sequence) => ({ sequence, row })));
    const before = this.#active.length;
    this.#active.push(...arrived.map(({ sequence }) => sequence));
    const rowOf = (index: number) => arrived[index - before].row;
    this.#advance(read.outputs, read.width, { from: before, rowOf });
  }

  /** Outputs: a row for every request, those of the first prompt in front. */
  async #prefill(asked: readonly Asked[]) {
    const prompts = asked.map(({ prompt }) => prompt);
    const lengths = prompts.map(({ length }) => length);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const { model, lane } = this.#lease;
    const width = widest(asked.flatMap(({ by }) => by));
    const outputs = await lane.run(async () => {
      const session = await model.reading(this.#adapter, width > 0);
      const bytes = prefillBytes(model.base.config, lengths);
      session.memory?.require(bytes, `reading ${total} tokens of prompts`, 'Shorten the prompts.');
      const last: number[] = [];
      let end = -1;
      for (const { prompt, by } of asked) {
        end += prompt.length;
        for (const _ of by) last.push(end);
      }
      const rows = rowsInGroups(last.length);
      return await session.run({
        ...sequenceFeeds(
          layOut(asked.map(({ prompt }) => ({ tokens: prompt, context: 0 }))),
          model,
          rowsInGroups(total),
        ),
        groups: groupFeed(total),
        rows: integers([...last, ...new Array<number>(rows - last.length).fill(0)], [rows]),
        row_groups: groupFeed(last.length),
        inverse_temperature: inverseTemperatures(
          asked.flatMap(({ by }) => by.map(({ params }) => params.temperature ?? 1)),
          rows,
        ),
        ...rankFeed(width),
        ...this.#frozen,
      });
    });
    this.#cache.admit(
      outputs.new_rows,
      asked.map(({ prompt, by }) => ({
        length: prompt.length,
        copies: by.reduce((sum, { numSamples }) => sum + numSamples, 0),
      })),
    );
    return { outputs, width };
  }

  /** Reads the last token of every sequence and samples the next. */
  async #step(): Promise<void> {
    const B = this.#active.length;
    const single = B === 1 && !this.#batchInvariant;
    const rows = single ? 1 : rowsInGroups(B);
    const width = widest(this.#active);
    const { model, lane } = this.#lease;
    const outputs = await lane.run(async () => {
      const session = await (single
        ? model.samplingOne(this.#adapter, width > 0)
        : model.sampling(this.#adapter, width > 0));
      const tokens = new Int32Array(rows);
      for (const [b, { sampled }] of this.#active.entries()) tokens[b] = sampled.tokens[sampled.tokens.length - 1];
      const positions = new Int32Array(rows);
      positions.set(this.#cache.lengths);
      return await session.run({
        tokens: integers(tokens, [rows]),
        positions: integers(positions, [rows, 1]),
        ...(single ? {} : { groups: groupFeed(B) }),
        inverse_temperature: inverseTemperatures(
          this.#active.map(({ choice }) => choice.temperature),
          rows,
        ),
        ...this.#cache.feeds(rows),
        ...model.rotary(Math.max(...this.#cache.lengths) + 1),
        ...rankFeed(width),
        ...this.#frozen,
      });
    });
    this.#cache.append(outputs.new_rows);
    this.#advance(outputs, width, { from: 0, rowOf: (index) => index });
  }

  /** Samples a token for every sequence from index `from` on, and lets those leave that have ended. `width` tokens were ranked for each row. */
  #advance(
    outputs: Record<string, { data: Float32Array }>,
    width: number,
    { from, rowOf }: { from: number; rowOf(index: number): number },
  ): void {
    const V = this.#lease.model.base.config.vocab_size;
    const stay: number[] = [];
    for (const [index, sequence] of this.#active.entries()) {
      if (index >= from) {
        const row = rowOf(index);
        const { choice, sampled, topK: k } = sequence;
        const token = chooseToken(
          outputs.probabilities.data.subarray(row * V, (row + 1) * V),
          choice,
          sequence.uniform(),
        );
        sampled.tokens.push(token);
        // As float32, which is what the wire carries: a run gets the same numbers here and from a server.
        sampled.logprobs.push(Math.fround(logprobOf(outputs, { row, V, token, temperature: choice.temperature })));
        if (k > 0) sampled.topk_sampled_logprobs?.push(ranked(outputs, row, { k, width }));
        if (!told(sequence, token)) continue;
        const reason = sequence.stops(sampled.tokens);
        if (reason !== null) {
          sequence.finish({ ...sampled, stop_reason: reason });
          continue;
        }
      }
      stay.push(index);
    }
    this.#keep(stay);
  }

  /** Keeps the sequences of these indices, which ascend. */
  #keep(indices: readonly number[]): void {
    if (indices.length === this.#active.length) return;
    this.#cache.retain(indices);
    this.#active = indices.map((index) => this.#active[index]);
  }
}

/** Tells of a token; false where the listener failed, and its request with it. The others in the batch go on. */
function told({ tell, fail }: Sequence, token: number): boolean {
  try {
    tell(token);
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

function startSequences({
  numSamples,
  firstMember,
  params,
  stops,
  seed,
  topK,
  signal,
  onToken,
  resolve,
  reject,
}: Pending): Sequence[] {
  const finished: SampledSequence[] = new Array(numSamples);
  let open = numSamples;
  const choice = { temperature: params.temperature ?? 1, top_k: params.top_k ?? -1, top_p: params.top_p ?? 1 };
  return Array.from({ length: numSamples }, (_, member) => {
    const random = randomFor(seed, 'sample', firstMember + member);
    return {
      choice,
      stops,
      uniform: () => nextUniform(random),
      topK,
      sampled: {
        stop_reason: 'length' as const,
        tokens: [],
        logprobs: [],
        ...(topK > 0 && { topk_sampled_logprobs: [] }),
      },
      tell(token: number) {
        if (signal?.aborted !== true) onToken?.(token, firstMember + member);
      },
      signal,
      finish(sequence) {
        finished[member] = sequence;
        open -= 1;
        if (open === 0) resolve(finished);
      },
      fail: reject,
    };
  });
}

/** Tokens that are ranked for every row, where anybody asks for some. */
const widest = (asking: readonly { topK: number }[]) => asking.reduce((most, { topK }) => Math.max(most, topK), 0);
const rankFeed = (width: number): Record<string, Dense> => (width > 0 ? { top_k: integers([width], [1]) } : {});

/** Temperature 0 is greedy, for which any scale will do. */
const inverse = (temperature: number) => (temperature === 0 ? 1 : Math.fround(1 / temperature));

/** For so many rows, of which those at the end may be nobody's. */
function inverseTemperatures(temperatures: readonly number[], rows: number): Dense {
  return floats(
    Float32Array.from({ length: rows }, (_, row) => inverse(temperatures[row] ?? 1)),
    [rows, 1],
  );
}

/** Log-prob of a sampled token under the model itself, whatever the temperature at which it was sampled. */
function logprobOf(
  outputs: Record<string, { data: Float32Array }>,
  { row, V, token, temperature }: { row: number; V: number; token: number; temperature: number },
): number {
  const { probabilities, tempered_log_normalizer: tempered, log_normalizer: plain } = outputs;
  const logprob = Math.log(probabilities.data[row * V + token]);
  if (inverse(temperature) === 1) return logprob;
  return (logprob + tempered.data[row]) / inverse(temperature) - plain.data[row];
}
