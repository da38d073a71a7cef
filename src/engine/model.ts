// A model in use: its weights, and the sessions over them, made when first needed and shared by all who train or sample.

import type { ModulePart } from '../formats/modules.ts';
import type { BaseWeights } from './base_weights.ts';
import type { Parameterisation } from './decoder_graph.ts';
import type { Device } from './device.ts';
import { rotaryFeeds } from './rotary.ts';
import { samplingGraph } from './sampling_graph.ts';
import { createSession, type Dense, type Session } from './session.ts';
import { trainingGraph } from './training_graph.ts';

/** Graphs are for the parts of the model that have an adapter: with none, for the base model itself. */
export interface Model {
  readonly base: BaseWeights;
  readonly parameterisation: Parameterisation;
  /** Inputs of every graph for sequences up to a length. */
  rotary(length: number): Record<string, Dense>;
  /** Forward and backward. With checkpointing, blocks are computed again for their gradients instead of kept. */
  training(adapted: readonly ModulePart[], checkpointing: boolean): Promise<Session>;
  /** Forward only, log-probs of given targets. */
  scoring(adapted: readonly ModulePart[]): Promise<Session>;
  /** The same, and the most likely tokens. */
  ranking(adapted: readonly ModulePart[]): Promise<Session>;
  /** Token by token, with a cache, so many tokens at once. */
  sampling(tokens: number, adapted: readonly ModulePart[]): Promise<Session>;
  release(): Promise<void>;
}

export interface ModelOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  threads: number;
  device: Device;
}

/** Up to this number of tokens, products with the transposed weight are faster (`projectionOfFew`). */
const FEW_TOKENS = 64;

export function openModel({ base, parameterisation, threads, device }: ModelOptions): Model {
  const sessions = new Map<string, Promise<Session>>();
  const session = (kind: string, graph: () => Uint8Array): Promise<Session> => {
    const known = sessions.get(kind);
    if (known !== undefined) return known;
    const made = base
      .checkUnchanged()
      .then(() => createSession(graph(), { directory: base.directory, threads, device }));
    sessions.set(kind, made);
    made.catch(() => sessions.delete(kind));
    return made;
  };
  return {
    base,
    parameterisation,
    rotary: rotaryFeeds(base.config),
    training: (adapted, checkpointing) =>
      session(`training ${adapted}${checkpointing ? ' with checkpointing' : ''}`, () =>
        trainingGraph({ base, parameterisation, adapted, backward: true, checkpointing, device }),
      ),
    scoring: (adapted) =>
      session(`scoring ${adapted}`, () =>
        trainingGraph({ base, parameterisation, adapted, backward: false, checkpointing: false, device }),
      ),
    ranking: (adapted) =>
      session(`ranking ${adapted}`, () =>
        trainingGraph({ base, parameterisation, adapted, backward: false, checkpointing: false, ranked: true, device }),
      ),
    sampling(tokens, adapted) {
      const few = tokens > 1 && tokens <= FEW_TOKENS;
      return session(`sampling ${adapted}${few ? ', a few tokens' : ''}`, () =>
        samplingGraph({ base, parameterisation, adapted, few, device }),
      );
    },
    async release() {
      const made = [...sessions.values()];
      sessions.clear();
      for (const open of made) await (await open).release();
    },
  };
}
