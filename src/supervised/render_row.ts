// A row as the loss sees it: the conversation's tokens, each with its weight. Training and `cookbook render` share it.

import type { ContentPart, Message, Renderer, TrainOnWhat } from '../renderers/types.ts';
import { withTools } from '../renderers/with_tools.ts';
import { tokensOf } from '../tinker/types.ts';
import type { JsonValue } from '../util/json.ts';
import { refuseHalfCharacters } from './data/half_characters.ts';
import type { ConversationRow } from './data/messages.ts';

export interface RenderedRow {
  tokens: number[];
  /** One a token. The first is 0 whatever is trained: nothing comes before it from which it could be predicted. */
  weights: number[];
  /** What messages say that is not in the tokens, as paths: none where the renderer says it all. */
  omitted: readonly string[];
}

/** Throws a DataValidationError or RendererError for a conversation that cannot be rendered. */
export function renderRow(
  { messages, tools = [] }: ConversationRow,
  { renderer, trainOnWhat }: { renderer: Renderer; trainOnWhat: TrainOnWhat },
): RenderedRow {
  messages.forEach(refuseHalves);
  const conversation = withTools(renderer, messages, tools);
  const { model_input, weights, omitted = [] } = renderer.buildSupervisedExample(conversation, trainOnWhat);
  return {
    tokens: tokensOf(model_input),
    weights: weights.map((weight, position) => (position === 0 ? 0 : weight)),
    omitted,
  };
}

/** @throws DataValidationError for a message with half a character in it, which no tokenizer has tokens for */
export function refuseHalves({ content, tool_calls = [], name = '', tool_call_id = '' }: Message, index: number): void {
  const said = typeof content === 'string' ? [content] : content.map((part) => textOfPart(part));
  const called = tool_calls.map((call) => [call.function.name, decoded(call.function.arguments)]);
  refuseHalfCharacters([...said, ...called, name, tool_call_id], `messages[${index}]`);
}

function textOfPart(part: ContentPart): string {
  if (part.type === 'text') return part.text;
  return part.type === 'thinking' ? part.thinking : '';
}

/** Escapes in JSON text become characters where it is parsed; text that is no JSON is for the renderer to refuse. */
function decoded(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
