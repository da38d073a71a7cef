// An adapter before it has values: its rank, the parts of the model that it adapts, the names and shapes of its factors.

import type { ModelConfig } from '../formats/hf_config.ts';
import { type LinearModule, linearModules, MODULE_PARTS, type ModulePart } from '../formats/modules.ts';
import type { CreateLoraTrainingClientOptions } from '../tinker/clients.ts';
import { RequestError } from '../util/errors.ts';

/** What decides the shapes of an adapter. */
export interface AdapterKind {
  rank: number;
  adapted: readonly ModulePart[];
}

export const factorA = (module: string) => `${module}.lora_A.weight`;
export const factorB = (module: string) => `${module}.lora_B.weight`;
/** The factors A of all modules that read the same features, on top of each other and times the adapter's scale. */
export const stackedFactorA = (reads: string) => `${reads}.stacked_lora_A`;

/** Names and shapes of the factors of an adapter, in the order in which they are kept and saved. */
export function factorShapes(config: ModelConfig, { rank, adapted }: AdapterKind): Map<string, number[]> {
  return new Map(
    [...linearModules(config)]
      .filter(([, { part }]) => adapted.includes(part))
      .flatMap(([name, module]: [string, LinearModule]): [string, number[]][] => [
        [factorA(name), [rank, module.in]],
        [factorB(name), [module.out, rank]],
      ]),
  );
}

/** Whoever asks for no rank in particular gets it for any model, be it narrower. */
const DEFAULT_RANK = 32;

/** What is asked for; throws RequestError where that is no adapter. */
export function adapterKind(options: CreateLoraTrainingClientOptions): AdapterKind {
  const { rank, train_attn = true, train_mlp = true, train_unembed = true } = options;
  if (!Number.isInteger(rank) || rank < 1) throw new RequestError(`lora rank must be a whole number ≥ 1, not ${rank}`);
  const trained: Record<ModulePart, boolean> = { attn: train_attn, mlp: train_mlp, unembed: train_unembed };
  const adapted = MODULE_PARTS.filter((part) => trained[part]);
  if (adapted.length > 0) return { rank, adapted };
  throw new RequestError('train_mlp, train_attn and train_unembed are all false: there is nothing to train', {
    hint: 'Leave out at least one of them; each is true by default.',
  });
}

/** Refuses an adapter that is wider than the model. */
export function checkRank({ rank }: AdapterKind, { hidden_size: width }: ModelConfig): void {
  if (rank <= Math.max(width, DEFAULT_RANK)) return;
  throw new RequestError(`lora_rank ${rank} is more than the width of the model, which is ${width}`, {
    hint: `An adapter of rank ${width} can learn all that one of a higher rank can. Usual ranks are 8 to 128.`,
  });
}
