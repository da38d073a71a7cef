// Builder of the `local` service: the embedded engine under the name that specs use.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { pricesField } from '../tinker/prices.ts';
import { serviceSlot } from '../tinker/service.ts';
import { mayShare, sharedEngine } from '../tinker/shared_engine.ts';
import { ConfigurationError } from '../util/errors.ts';
import { DEVICES, type Device } from './device.ts';
import { requireDevice } from './device_probe.ts';
import { badPattern, loraFields, loraOptions } from './lora_fields.ts';
import { PRECISIONS, type Precision } from './precision.ts';

/** What is wrong with frozen matrices of that kind there. */
function badPrecision({ precision, device }: { precision: Precision; device: Device }) {
  if (precision === 'float32' || device === 'cpu') return null;
  return { field: 'precision', message: `"${precision}" is computed on the CPU alone, and device is ${device}` };
}

export const local = defineBuilder({
  slot: serviceSlot,
  name: 'local',
  version: 1,
  doc: 'The engine in this package: LoRA and full-parameter training and sampling on this machine, through ONNX Runtime.',
  params: Type.Object({
    device: runtime(
      oneOf(DEVICES, {
        default: 'cpu',
        description: 'What computes: the CPU, or a GPU through CUDA or WebGPU.',
      }),
    ),
    threads: nullable(
      runtime(
        Type.Integer({
          minimum: 1,
          default: null,
          description:
            'Threads of a computation, by an engine of its own. null = COOKBOOK_THREADS if that is set, else one a core.',
        }),
      ),
    ),
    microbatch_tokens: semantic(
      Type.Integer({
        minimum: 1,
        default: 2048,
        description: 'Tokens that are computed at once: more is a little faster and takes more memory.',
      }),
    ),
    activation_checkpointing: runtime(
      Type.Boolean({
        default: false,
        description: 'Compute activations again instead of keeping them: a third more time, half of the memory.',
      }),
    ),
    precision: semantic(
      oneOf(PRECISIONS, {
        default: 'float32',
        description:
          'Of the frozen weights: int8 is faster, takes less memory, and is a little off (docs/engine.md says how much).',
      }),
    ),
    batch_invariant: semantic(
      Type.Boolean({
        default: false,
        description:
          'A sequence that is sampled by itself gets the bits that it gets in a batch; by itself it then takes about a quarter longer.',
      }),
    ),
    prices: pricesField,
    ...loraFields,
    neftune_noise_alpha: nullable(
      semantic(
        Type.Number({
          exclusiveMinimum: 0,
          default: null,
          description:
            'NEFTune: noise on the embeddings of training passes with cross-entropy, uniform in ±alpha/√(tokens · hidden_size). Other losses have none. null = none.',
        }),
      ),
    ),
  }),
  async check({ device, precision, rank_pattern, alpha_pattern }) {
    const problems = [badPattern({ rank_pattern, alpha_pattern }), badPrecision({ precision, device })];
    return problems.filter((problem) => problem !== null);
  },
  async build(
    {
      device,
      threads,
      microbatch_tokens,
      activation_checkpointing,
      precision,
      batch_invariant,
      neftune_noise_alpha,
      prices,
      ...lora
    },
    { checkpointsPath, seed, notify },
  ) {
    const bad = badPrecision({ precision, device });
    if (bad !== null)
      throw new ConfigurationError(`${bad.field} ${bad.message}`, { hint: 'Leave out one of the two.' });
    await requireDevice(device);
    const { meteredBy } = await import('../tinker/metered.ts');
    const session = {
      checkpoints: checkpointsPath,
      microbatchTokens: microbatch_tokens,
      activationCheckpointing: activation_checkpointing,
      precision,
      batchInvariant: batch_invariant,
      lora: loraOptions(lora),
      neftuneAlpha: neftune_noise_alpha ?? 0,
      seed,
      notify,
    };
    const shared = sharedEngine(process.env);
    if (shared !== null && mayShare({ device, threads }, shared)) {
      const { attach } = await import('./process/client.ts');
      const service = await attach({ ...session, socket: shared.socket, device });
      notify('trains on the engine that it shares with other runs of its sweep');
      return meteredBy(prices, service, notify);
    }
    const { openLocalService } = await import('./engine.ts');
    const { threadCount } = await import('./session.ts');
    return meteredBy(prices, openLocalService({ ...session, threads: threadCount(threads), device }), notify);
  },
});
