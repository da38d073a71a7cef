// Prompts that are not too long to be asked.

import type { Message, Renderer } from '../renderers/types.ts';
import { lengthOf } from '../tinker/types.ts';
import { DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';

interface Bound {
  file: string;
  renderer: Renderer;
  /** Tokens; null = no bound. */
  most: number | null;
  warn(message: string): void;
}

/** Those that are left out are counted in a warning. */
export function shorterPrompts(prompts: readonly Message[][], { file, renderer, most, warn }: Bound): Message[][] {
  if (most === null) return [...prompts];
  const lengths = prompts.map((prompt) => lengthOf(renderer.buildGenerationPrompt(prompt)));
  const kept = prompts.filter((_, i) => lengths[i] <= most);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const left = prompts.length - kept.length;
  if (kept.length === 0) {
    throw new DataValidationError(`${shortPath(file)}: all prompts are longer than max_prompt_tokens ${most}`, {
      hint: `The longest has ${longest} tokens: raise it, or set it to null.`,
    });
  }
  if (left > 0) {
    warn(
      `${shortPath(file)}: ${left} of ${prompts.length} prompts left out, longer than max_prompt_tokens ${most} (the longest has ${longest} tokens)`,
    );
  }
  return kept;
}
