// A renderer beside the chat template of its model, on the same conversations and tokenizer.

import { compileTemplate } from '../../src/renderers/conversation_template.ts';
import { plain } from '../../src/renderers/jinja/text.ts';
import { piecesOf } from '../../src/renderers/rendered_tokens.ts';
import { openAiTools, TOOL_DECLARE } from '../../src/renderers/tool_calls.ts';
import type { Message, Renderer, ToolSpec } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';

/** Both sides' tokens of a conversation, and the text of both for whoever reads a difference. */
export interface Sides {
  ours: { tokens: number[]; text: string };
  theirs: { tokens: number[]; text: string };
}

export interface Judge {
  /** The prompt for the next reply. */
  prompt(messages: readonly Message[]): Sides;
  /** The conversation as a training example. */
  whole(messages: readonly Message[]): Sides;
}

/** `source` is the template; `set` gives values to variables of it, as those who call it would. */
export function templateJudge(
  renderer: Renderer,
  source: string,
  { set = '', date = null, tools }: { set?: string; date?: string | null; tools?: readonly ToolSpec[] } = {},
): Judge {
  const { tokenizer } = renderer;
  const chatTemplate = `${set === '' ? '' : `{%- set ${set} -%}`}${source}`;
  const template = compileTemplate({ ...tokenizer, chatTemplate }, date);
  const theirs = (messages: readonly Message[], asked: boolean) => {
    const declared = { role: TOOL_DECLARE, content: JSON.stringify(openAiTools(tools ?? [])) };
    const { text } = template.render(tools === undefined ? messages : [declared, ...messages], asked);
    return { tokens: tokenizer.encodePieces(piecesOf(text)).flat(), text: plain(text) };
  };
  const ourMessages = (messages: readonly Message[]) => {
    if (tools === undefined) return messages;
    const [first] = messages;
    const system = first?.role === 'system' ? first : null;
    const prefix = renderer.createConversationPrefixWithTools(
      tools,
      typeof system?.content === 'string' ? system.content : '',
    );
    return [...prefix, ...messages.slice(system === null ? 0 : 1)];
  };
  const ours = (tokens: number[]) => ({ tokens, text: tokenizer.decode(tokens) });
  return {
    prompt: (messages) => ({
      ours: ours(tokensOf(renderer.buildGenerationPrompt(ourMessages(messages)))),
      theirs: theirs(messages, true),
    }),
    whole: (messages) => ({
      ours: ours(tokensOf(renderer.buildSupervisedExample(ourMessages(messages), 'all_tokens').model_input)),
      theirs: theirs(messages, false),
    }),
  };
}
