// What is told of an episode only where it happens, such as why it ended. A mean over the places that tell it would be 1 whatever
// happened, so of a batch the mean over its episodes is told, for most of these a share.

import type { EnvMetrics } from './types.ts';

const EVENTS: ReadonlySet<string> = new Set([
  'context_overflow',
  'max_tokens_reached',
  'max_tool_calls',
  'max_turns',
  'num_truncations_max_turn_tokens',
  'parse_error',
  'parse_error_masked',
  'tool_stopped',
  'unjudged',
  'zero_reward_on_limit',
]);

export const isEvent = (name: string): boolean => name.startsWith('stop/') || EVENTS.has(name);

/** The mean over all episodes of each event that there was in some. @param episodes what was told of each, place by place */
export function meanOfEvents(episodes: readonly (readonly EnvMetrics[])[]): EnvMetrics {
  const names = new Set(episodes.flat().flatMap((told) => Object.keys(told).filter(isEvent)));
  const inEpisode = (places: readonly EnvMetrics[], name: string) =>
    Math.max(0, ...places.map((told) => told[name] ?? 0));
  return Object.fromEntries(
    [...names].map((name) => {
      const total = episodes.reduce((sum, places) => sum + inEpisode(places, name), 0);
      return [name, total / episodes.length];
    }),
  );
}
