// How a run that starts from other stages is known before those have run: by what they are, not by what they will have made.

import type { WeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import type { Digests } from './digests.ts';
import { identify } from './identity.ts';
import type { Stage } from './pipeline.ts';
import type { Identity } from './types.ts';

/** A stage that another starts from. */
export interface Producer {
  stage: string;
  /** Where it lies, as the spec of the other names it. */
  directory: string;
  /** Of its identity. */
  hash: string;
  config_hash: string;
  seed: number;
  hasOwnSeed: boolean;
}

/** Digests to identify a run with that starts from these stages. */
export function digestsAfter(producers: readonly Producer[], digests: Digests): Digests {
  if (producers.length === 0) return digests;
  const by = (name: (producer: Producer) => string): Digests => ({
    of: (path) => digests.of(path),
    weights: {
      problem: (ref, model) => (producerOf(ref, producers) ? null : (digests.weights?.problem(ref, model) ?? null)),
      identity(ref) {
        const producer = producerOf(ref, producers);
        if (producer !== undefined && typeof ref !== 'string') return `run:${name(producer)}@${ref.checkpoint}`;
        return digests.weights?.identity(ref) ?? JSON.stringify(ref);
      },
    },
  });
  const hash = ({ hash }: Producer) => hash;
  // A seed of its own makes a difference that replicates of the whole do not make.
  const shared = ({ config_hash, hasOwnSeed, seed }: Producer) =>
    `config-${config_hash}${hasOwnSeed ? `-seed-${seed}` : ''}`;
  return { ...by(hash), acrossSeeds: by(shared) };
}

function producerOf(ref: WeightsRef, producers: readonly Producer[]): Producer | undefined {
  return typeof ref === 'string' ? undefined : producers.find(({ directory }) => directory === ref.run);
}

export interface IdentifiedStage extends Stage {
  identity: Identity;
  producers: readonly Producer[];
}

/** The stages with their identities. They come in an order in which each stands behind those that it starts from. */
export function identifyStages(stages: readonly Stage[], registry: Registry, digests: Digests): IdentifiedStage[] {
  const known = new Map<string, Producer>();
  return stages.map((stage) => {
    const { name, spec, after, hasOwnSeed } = stage;
    const producers = after.flatMap((producer) => known.get(producer) ?? []);
    const identity = identify(spec, registry, digestsAfter(producers, digests));
    const { hash, config_hash, seed } = identity;
    if (name !== null) known.set(name, { stage: name, directory: spec.log_path, hash, config_hash, seed, hasOwnSeed });
    return { ...stage, identity, producers };
  });
}
