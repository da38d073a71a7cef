// A model in use: its weights, and the sessions over them, made when first needed and shared by all who train or sample.

import type { BaseWeights } from './base_weights.ts';
import type { Parameterisation } from './decoder_graph.ts';
import type { Device } from './device.ts';
import type { Parameters } from './parameters.ts';
import { SHORT_SUM } from './products.ts';
import { rotaryFeeds } from './rotary.ts';
import { promptGraph, type SamplingGraphOptions, tokenGraph } from './sampling_graph.ts';
import { createSession, type Dense, type Session } from './session.ts';
import { scoringGraph, type Told, trainingGraph } from './training_graph.ts';

/** Which parts of a model have an adapter, and of which rank; with none, it is the base model itself. */
export type AdapterShape = Pick<Parameters, 'rank' | 'adapted'>;

/** Graphs are for the parts of the model that have an adapter. One does for most ranks. */
export interface Model {
  readonly base: BaseWeights;
  readonly parameterisation: Parameterisation;
  /** Inputs of every graph for sequences up to a length. */
  rotary(length: number): Record<string, Dense>;
  /** Forward and backward. With checkpointing, blocks are computed again for their gradients instead of kept. */
  training(adapter: AdapterShape, options: { checkpointing: boolean; noise: boolean }): Promise<Session>;
  /** Forward only, log-probs of given targets; nothing else unless asked for. */
  scoring(adapter: AdapterShape, told?: Told): Promise<Session>;
  /** Prompts, before they are sampled from. Ranked: with the most likely tokens. */
  reading(adapter: AdapterShape, ranked: boolean): Promise<Session>;
  /** Token by token, with a cache. */
  sampling(adapter: AdapterShape, ranked: boolean): Promise<Session>;
  /** The same for one sequence at a time: faster, and not to the last bit what it is in a batch. */
  samplingOne(adapter: AdapterShape, ranked: boolean): Promise<Session>;
  release(): Promise<void>;
}

export interface ModelOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  threads: number;
  device: Device;
}

/** Short sums have one order, however they are made; ranks are rarely larger. */
const boundOf = (rank: number): number | null => (rank <= SHORT_SUM ? SHORT_SUM : null);
const ofRank = (mostRank: number | null): string => (mostRank === null ? ' of any rank' : '');

export function openModel({ base, parameterisation, threads, device }: ModelOptions): Model {
  const sessions = new Map<string, Promise<Session>>();
  const session = (kind: string, graph: () => Uint8Array, packed = false): Promise<Session> => {
    // Of use to others alone: no pass waits for it.
    void base.markUsed();
    const known = sessions.get(kind);
    if (known !== undefined) return known;
    const made = base
      .checkUnchanged()
      .then(() => createSession(graph(), { directory: base.directory, threads, device, packed }));
    sessions.set(kind, made);
    made.catch(() => sessions.delete(kind));
    return made;
  };
  const frozen = (
    kind: string,
    { adapted, rank }: AdapterShape,
    ranked: boolean,
    graph: (options: SamplingGraphOptions) => Uint8Array,
    packed = false,
  ) => {
    const mostRank = boundOf(rank);
    return session(
      `${kind}${ranked ? ' ranked' : ''} ${adapted}${ofRank(mostRank)}`,
      () => graph({ base, parameterisation, adapted, device, ranked, mostRank }),
      packed,
    );
  };
  // Bytes are packed in little more time than a token takes.
  const packed = base.integers !== null;
  return {
    base,
    parameterisation,
    rotary: rotaryFeeds(base.config),
    training({ adapted, rank }, { checkpointing, noise }) {
      const mostRank = boundOf(rank);
      const options = { base, parameterisation, adapted, checkpointing, mostRank, noise, device, threads };
      const kind = `training ${adapted}${checkpointing ? ' with checkpointing' : ''}${ofRank(mostRank)}${noise ? ' with noise' : ''}`;
      return session(kind, () => trainingGraph(options));
    },
    scoring: (adapter, { ranked, drawn } = { ranked: false, drawn: false }) =>
      frozen(drawn ? 'drawing' : 'scoring', adapter, ranked, (options) => scoringGraph({ ...options, drawn })),
    reading: (adapter, ranked) => frozen('reading', adapter, ranked, promptGraph),
    sampling: (adapter, ranked) =>
      frozen('sampling', adapter, ranked, (options) => tokenGraph(options, { single: false }), packed),
    samplingOne: (adapter, ranked) =>
      frozen('sampling one', adapter, ranked, (options) => tokenGraph(options, { single: true }), packed),
    async release() {
      const made = [...sessions.values()];
      sessions.clear();
      for (const open of made) await (await open).release();
    },
  };
}
