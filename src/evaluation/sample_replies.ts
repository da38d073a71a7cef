// Asks a model many questions at once and hands back the text of its replies.

import { tinkerMessageCompleter, visibleText } from '../completers/completers.ts';
import type { Message, Renderer } from '../renderers/types.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import type { EvaluatorContext } from '../training/evaluator.ts';
import { ConfigurationError } from '../util/errors.ts';

export interface ReplySampling {
  max_tokens: number;
  temperature: number;
  /** Conversation i is sampled with seed + i. */
  seed: number;
}

/** The text of one reply to each conversation. All are submitted at once, so that the service can batch them. */
export async function sampleReplies(
  client: SamplingClient,
  renderer: Renderer,
  conversations: readonly (readonly Message[])[],
  { max_tokens, temperature, seed }: ReplySampling,
): Promise<string[]> {
  const completer = tinkerMessageCompleter(client, renderer, { maxTokens: max_tokens, temperature });
  return await Promise.all(
    conversations.map(async (messages, index) => {
      const { message } = await completer.complete(messages, { seed: seed + index });
      return visibleText(message);
    }),
  );
}

/** The renderer of a context. Throws ConfigurationError where the model has none: conversations need one. */
export function rendererOf({ renderer }: EvaluatorContext, evaluator: string): Renderer {
  if (renderer !== null) return renderer;
  throw new ConfigurationError(`the evaluator "${evaluator}" asks questions, and the run has no renderer`, {
    hint: 'Set `renderer`, or use a model with a chat template.',
  });
}
