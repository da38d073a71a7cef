// An adapter before it has values: its rank, the parts of the model that it adapts, the names and shapes of its factors.

import type { ModelConfig } from '../formats/hf_config.ts';
import { idlePattern, type LoraScaling, scalingOf } from '../formats/lora_scaling.ts';
import { type LinearModule, linearModules, MODULE_PARTS, type ModulePart } from '../formats/modules.ts';
import type { CreateLoraTrainingClientOptions } from '../tinker/clients.ts';
import { RequestError } from '../util/errors.ts';

/** LoRA's α, as the Tinker service has it: an adapter counts α/rank. */
export const LORA_ALPHA = 32;

/** What a run may ask of its adapters besides what the Tinker API has. */
export interface LoraOptions extends Omit<LoraScaling, 'rank'> {
  /** Learning rate of the factors B over that of the factors A (LoRA+, arXiv 2402.12354); null = the same. */
  loraplus_lr_ratio: number | null;
}

export const PLAIN_LORA: LoraOptions = { alpha: LORA_ALPHA, loraplus_lr_ratio: null };

/** What decides the shapes of an adapter. */
export interface AdapterKind {
  adapted: readonly ModulePart[];
  scaling: LoraScaling;
}

export const factorA = (module: string) => `${module}.lora_A.weight`;
export const factorB = (module: string) => `${module}.lora_B.weight`;
/** The factors A of all modules that read the same features, on top of each other and times the adapter's scale. */
export const stackedFactorA = (reads: string) => `${reads}.stacked_lora_A`;

/** The modules that an adapter adapts, in their order. */
export function adaptedModules(config: ModelConfig, adapted: readonly ModulePart[]): [string, LinearModule][] {
  return [...linearModules(config)].filter(([, { part }]) => adapted.includes(part));
}

/** The greatest rank that any of the modules has: the factors of all of them are kept that wide, with zeros, which stay zero. */
export function widestRank(config: ModelConfig, { adapted, scaling }: AdapterKind): number {
  return adaptedModules(config, adapted).reduce((widest, [name]) => Math.max(widest, scalingOf(scaling, name).rank), 0);
}

/** Names and shapes of the factors of an adapter, in the order in which they are kept and saved. */
export function factorShapes(config: ModelConfig, kind: AdapterKind): Map<string, number[]> {
  const rank = widestRank(config, kind);
  return new Map(
    adaptedModules(config, kind.adapted).flatMap(([name, module]: [string, LinearModule]): [string, number[]][] => [
      [factorA(name), [rank, module.in]],
      [factorB(name), [module.out, rank]],
    ]),
  );
}

/** Whoever asks for no rank in particular gets it for any model, be it narrower. */
const DEFAULT_RANK = 32;

/** What is asked for; throws RequestError where that is no adapter. */
export function adapterKind(options: CreateLoraTrainingClientOptions, lora: LoraOptions = PLAIN_LORA): AdapterKind {
  const { rank, train_attn = true, train_mlp = true, train_unembed = true } = options;
  if (!Number.isInteger(rank) || rank < 1) throw new RequestError(`lora rank must be a whole number ≥ 1, not ${rank}`);
  const trained: Record<ModulePart, boolean> = { attn: train_attn, mlp: train_mlp, unembed: train_unembed };
  const adapted = MODULE_PARTS.filter((part) => trained[part]);
  const { loraplus_lr_ratio: _, ...scaling } = lora;
  if (adapted.length > 0) return { adapted, scaling: { rank, ...scaling } };
  throw new RequestError('train_mlp, train_attn and train_unembed are all false: there is nothing to train', {
    hint: 'Leave out at least one of them; each is true by default.',
  });
}

/** Refuses patterns that say nothing of any module that is adapted. */
export function checkPatterns(kind: AdapterKind, config: ModelConfig): void {
  const modules = adaptedModules(config, kind.adapted).map(([name]) => name);
  const idle = idlePattern(kind.scaling, modules);
  if (idle !== null) {
    throw new RequestError(`${idle.field} "${idle.key}" matches no module that is adapted`, {
      hint: `A pattern matches a whole name or its end, such as q_proj. The first modules are ${modules.slice(0, 4).join(', ')}.`,
    });
  }
}

/** Refuses an adapter that is wider than the model, and idle patterns. */
export function checkAdapter(kind: AdapterKind, config: ModelConfig): void {
  checkPatterns(kind, config);
  const width = config.hidden_size;
  const rank = widestRank(config, kind);
  if (rank <= Math.max(width, DEFAULT_RANK)) return;
  throw new RequestError(`lora_rank ${rank} is more than the width of the model, which is ${width}`, {
    hint: `An adapter of rank ${width} can learn all that one of a higher rank can. Usual ranks are 8 to 128.`,
  });
}

/** Names of the inputs with what each row of a stack counts. */
export const stackedScale = (reads: string) => `${reads}.lora_scale`;
