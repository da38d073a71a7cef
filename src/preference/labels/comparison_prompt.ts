// A comparison as a conversation that is answered with a label: what a reward model is trained on, and what it is asked
// (ComparisonRendererFromChatRenderer of tinker_cookbook/preference).

import type { Message, Renderer } from '../../renderers/types.ts';
import { refuseHalves, renderRow } from '../../supervised/render_row.ts';
import { tokensOf } from '../../tinker/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { Comparison, PreferenceLabel } from '../types.ts';

export const LABELS = ['A', 'B', 'Tie'] as const satisfies readonly PreferenceLabel[];

/** The conversation that the label answers. */
function comparisonConversation({ prompt_conversation, completion_A, completion_B }: Comparison): Message[] {
  const heading = (content: string): Message => ({ role: 'system', content });
  return [
    ...prompt_conversation,
    heading('==== Completion A ===='),
    ...completion_A,
    heading('==== Completion B ===='),
    ...completion_B,
    heading('==== Preference ===='),
  ];
}

/** A prompt, and the token that says each label behind it. */
export interface LabelPrompt {
  tokens: number[];
  labels: Readonly<Record<PreferenceLabel, number>>;
}

/**
 * The tokens that come before the label, and the first one that tells labels apart: with most formats the first that is
 * trained, and where a format puts something before every reply the one behind that.
 * @throws DataValidationError, RendererError for a comparison, or a format, that cannot be rendered so
 */
function labelPrompt(comparison: Comparison, renderer: Renderer): LabelPrompt {
  const conversation = comparisonConversation(comparison);
  const [A, B, tie] = LABELS.map((content) => {
    const messages = [...conversation, { role: 'assistant', content }];
    return renderRow({ messages, ignored: [] }, { renderer, trainOnWhat: 'last_assistant_message' });
  });
  const at = A.tokens.findIndex((token, i) => token !== B.tokens[i]);
  const tokens = A.tokens.slice(0, at);
  const labels = { A: A.tokens[at], B: B.tokens[at], Tie: tie.tokens[at] };
  const isApart =
    new Set(Object.values(labels)).size === LABELS.length && tokens.every((token, i) => token === tie.tokens[i]);
  if (at > 0 && isApart && A.weights[at] > 0) return { tokens, labels };
  throw new DataValidationError(
    `the renderer ${renderer.name} does not tell the labels A, B and Tie apart by one token`,
    {
      hint: 'Set another renderer, e.g. role_colon.',
    },
  );
}

/** A comparison of nothing, from which the tokens of labels are learned. */
const PROBE: Comparison = {
  prompt_conversation: [{ role: 'user', content: '?' }],
  completion_A: [{ role: 'assistant', content: '1' }],
  completion_B: [{ role: 'assistant', content: '2' }],
};

/**
 * How comparisons are asked: as `labelPrompt` has it. Where a format asks for a reply as it shows one, which most do, each is
 * rendered once and as a prompt, in a tenth of the time.
 */
export function labelPrompts(renderer: Renderer): (comparison: Comparison) => LabelPrompt {
  const asked = (comparison: Comparison) =>
    tokensOf(renderer.buildGenerationPrompt(comparisonConversation(comparison)));
  const { tokens, labels } = labelPrompt(PROBE, renderer);
  if (asked(PROBE).join() !== tokens.join()) return (comparison) => labelPrompt(comparison, renderer);
  return (comparison) => {
    comparisonConversation(comparison).forEach(refuseHalves);
    return { tokens: asked(comparison), labels };
  };
}

/** The same two completions, the other first. */
export function swapped({ prompt_conversation, completion_A, completion_B }: Comparison): Comparison {
  return { prompt_conversation, completion_A: completion_B, completion_B: completion_A };
}

export const OTHER_LABEL: Readonly<Record<PreferenceLabel, PreferenceLabel>> = { A: 'B', B: 'A', Tie: 'Tie' };
