// Models beside the one that is trained, which builders name by their weights: judges, for one.

import { locateModel } from '../hub/locate.ts';
import type { WeightsRef } from '../registry/fields.ts';
import type { PlainRef } from '../registry/slot.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { EstimateContext } from './types.ts';

export interface OtherModel {
  /** For people. */
  description: string;
  /** What tells its weights from any others, which their path or name may not. Absent where nobody knows it. */
  identity?(): string;
  /** Given back with the service that it is of. */
  client: SamplingClient;
  tokenizer: Tokenizer;
  /** What its weights were trained with, or what suits the model. */
  rendererRef: PlainRef;
  /** Longest sequence that it takes, in tokens. */
  maxContextLength: number;
}

export interface OtherModels {
  open(ref: WeightsRef): Promise<OtherModel>;
}

/** Models on the service of the run. */
export function otherModels(
  { service, resolveWeights }: Pick<EstimateContext, 'service' | 'resolveWeights'>,
  notify: (message: string) => void,
): OtherModels {
  return {
    async open(ref) {
      const { model_path, base_model, description, identity, renderer } = await resolveWeights(ref, 'sample');
      const client = await service.createSamplingClient(model_path === undefined ? { base_model } : { model_path });
      const info = await client.getInfo();
      const name = base_model ?? (info.is_lora ? info.base_model : (model_path ?? info.base_model));
      const { directory } = await locateModel(name, { parts: 'tokenizer', notify });
      const tokenizer = await loadTokenizer(directory);
      return {
        description,
        identity,
        client,
        tokenizer,
        rendererRef: renderer ?? (await recommendedRenderer({ modelName: name, tokenizer })),
        maxContextLength: info.max_context_length,
      };
    },
  };
}

/** @throws ConfigurationError where nothing runs that could open a model */
export function requireModels(models: OtherModels | undefined, what: string): OtherModels {
  if (models !== undefined) return models;
  throw new ConfigurationError(`${what} asks a model, and there is no service here that could open one`);
}
