// The frame of answers: ids, times, and what they took in tokens.

import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../util/json.ts';
import type { Generated } from './generation.ts';

/** What all pieces of one answer have in common. */
export function answerHead(prefix: 'cmpl' | 'chatcmpl', object: string, model: string): JsonObject {
  return { id: `${prefix}-${randomUUID().replaceAll('-', '')}`, object, created: Math.floor(Date.now() / 1000), model };
}

/** A prompt counts once, however many answers there are to it. `max_tokens: 0` has none, whatever was computed. */
export function usageOf(
  parts: readonly { prompt: readonly number[]; generated: Generated }[],
  { answers = true }: { answers?: boolean } = {},
): JsonObject {
  const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
  const prompt_tokens = sum(parts.map(({ prompt }) => prompt.length));
  const sampled = parts.flatMap(({ generated }) => generated.sequences.map(({ tokens }) => tokens.length));
  const completion_tokens = answers ? sum(sampled) : 0;
  const cached_tokens = sum(parts.map(({ generated }) => generated.cachedTokens));
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    ...(cached_tokens > 0 && { prompt_tokens_details: { cached_tokens } }),
  };
}
