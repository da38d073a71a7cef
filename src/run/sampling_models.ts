// Models that builders name beside the one that is measured or played with, where no run has a service open.

import type { Registry } from '../registry/registry.ts';
import type { OtherModels } from '../training/other_models.ts';
import { openSamplingTarget, type SamplingTarget } from './sampling_target.ts';

export interface SamplingModels extends OtherModels {
  close(): Promise<void>;
}

/** Each is opened on the service that its run was trained on. */
export function samplingModels(registry: Registry, notify: (message: string) => void): SamplingModels {
  const opened: SamplingTarget[] = [];
  return {
    async open(ref) {
      const target = await openSamplingTarget(ref, registry, notify);
      opened.push(target);
      const { client, description, identity, renderer, rendererRef } = target;
      const { max_context_length: maxContextLength } = await client.getInfo();
      return { client, description, identity, tokenizer: renderer.tokenizer, rendererRef, maxContextLength };
    },
    async close() {
      await Promise.all(opened.map((target) => target.close()));
    },
  };
}
