// When a sequence ends: at a stop token, at the end-of-sequence token, at a stop string, or when its tokens are used up.

import type { SampleStopReason, SamplingParams } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';

/** The one thing that stop strings need of a tokenizer. */
export interface Decoder {
  decode(tokens: readonly number[]): string;
}

export type StopCheck = (tokens: readonly number[]) => SampleStopReason | null;

/** A stop string can begin this many tokens before the one that completes it: one a byte, with room for split characters. */
const bytesOf = (text: string): number => Buffer.byteLength(text) + 4;

/** The end-of-sequence token stops as well, unless a list of stops is given and is empty: then nothing does. */
export function stopCheck(
  stop: SamplingParams['stop'],
  eos: readonly number[],
  maxTokens: number,
  decoder: () => Decoder,
): StopCheck {
  const list: (string | number)[] = typeof stop === 'string' ? [stop] : [...(stop ?? [])];
  const strings = list.filter((entry) => typeof entry === 'string');
  if (strings.includes('')) throw new RequestError('a stop string must not be empty');
  const ends = stop !== undefined && list.length === 0 ? [] : eos;
  const ids = new Set([...ends, ...list.filter((entry) => typeof entry === 'number')]);
  const reach = Math.max(0, ...strings.map(bytesOf));
  return (tokens) => {
    if (ids.has(tokens[tokens.length - 1])) return 'stop';
    if (strings.length > 0) {
      const tail = decoder().decode(tokens.slice(-reach));
      if (strings.some((text) => tail.includes(text))) return 'stop';
    }
    return tokens.length >= maxTokens ? 'length' : null;
  };
}
