// How much of a LoRA adapter counts, module by module: rank, alpha, and the patterns by which PEFT lets modules differ.

import { WeightsError } from '../util/errors.ts';

/** As adapter_config.json spells it; `rank` is its `r`, `alpha` its `lora_alpha`. */
export interface LoraScaling {
  readonly rank: number;
  readonly alpha: number;
  /** An adapter counts alpha/√rank (arXiv 2312.03732) instead of alpha/rank. */
  readonly use_rslora?: boolean;
  /** Ranks and alphas of modules whose name, or the end of it behind a dot, is matched by a key. The first that matches counts. */
  readonly rank_pattern?: Readonly<Record<string, number>>;
  readonly alpha_pattern?: Readonly<Record<string, number>>;
}

/** The rank of a module, and what the product of its factors counts. */
export function scalingOf(scaling: LoraScaling, module: string): { rank: number; scale: number } {
  const rank = valueFor(scaling.rank_pattern, module) ?? scaling.rank;
  const alpha = valueFor(scaling.alpha_pattern, module) ?? scaling.alpha;
  return { rank, scale: alpha / (scaling.use_rslora === true ? Math.sqrt(rank) : rank) };
}

/** Whether one rank and one alpha over rank are all that there is to it. */
export function isUniform({ use_rslora = false, rank_pattern = {}, alpha_pattern = {} }: LoraScaling): boolean {
  return !use_rslora && Object.keys(rank_pattern).length === 0 && Object.keys(alpha_pattern).length === 0;
}

/** The first pattern that matches none of the modules, with its field; null where each matches one. Throws WeightsError for what is no pattern. */
export function idlePattern(scaling: LoraScaling, modules: readonly string[]): { field: string; key: string } | null {
  for (const field of ['rank_pattern', 'alpha_pattern'] as const) {
    for (const key of Object.keys(scaling[field] ?? {})) {
      if (!modules.some((module) => matcher(key).test(module))) return { field, key };
    }
  }
  return null;
}

function valueFor(pattern: Readonly<Record<string, number>> | undefined, module: string): number | undefined {
  return Object.entries(pattern ?? {}).find(([key]) => matcher(key).test(module))?.[1];
}

function matcher(key: string): RegExp {
  try {
    return new RegExp(`^(?:.*\\.)?(?:${key})$`);
  } catch (error) {
    throw new WeightsError(`the pattern "${key}" of modules is no regular expression`, { cause: error });
  }
}
