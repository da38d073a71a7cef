// Policies that a run has saved on its way, for environments that play against them.

import type { SamplingClient } from '../tinker/clients.ts';
import type { CheckpointRecord } from './types.ts';

export interface PastPolicy {
  /** Of its checkpoint. */
  name: string;
  /** Updates that it has seen. */
  step: number;
  /** The same client each time. Given back with the service that it is of. */
  open(): Promise<SamplingClient>;
}

export interface PastPolicies {
  /** Those that were saved by the time that a policy had seen so many updates, the oldest first. */
  savedBy(step: number): Promise<PastPolicy[]>;
}

export interface PastPoliciesOptions {
  /** Of the run so far. */
  records(): Promise<readonly CheckpointRecord[]>;
  openSampler(model_path: string): Promise<SamplingClient>;
  save_every: number;
}

/**
 * The checkpoints that are saved every so many steps. Others, such as that of a run which was asked to stop, are left out: a run that
 * was interrupted has the same policies as one that was not.
 */
export function pastPolicies({ records, openSampler, save_every }: PastPoliciesOptions): PastPolicies {
  const clients = new Map<string, Promise<SamplingClient>>();
  const open = (model_path: string) => {
    const client = clients.get(model_path) ?? openSampler(model_path);
    clients.set(model_path, client);
    client.catch(() => clients.delete(model_path));
    return client;
  };
  return {
    async savedBy(step) {
      const saved = (await records()).flatMap(({ name, batch, final, best, sampler_path }) =>
        sampler_path === undefined || final || best || batch % save_every !== 0 || batch > step
          ? []
          : [{ name, step: batch, open: () => open(sampler_path) }],
      );
      return saved.sort((a, b) => a.step - b.step);
    },
  };
}
