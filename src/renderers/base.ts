// The machinery of renderers that work message by message: a format says how one message looks, this makes prompts of
// conversations and training examples with a loss weight a token.

import { modelInputFromTokens } from '../tinker/types.ts';
import type { TextPiece, Tokenizer } from '../tokenizers/types.ts';
import { RendererError } from '../util/errors.ts';
import { apart, encodeLists, written } from './pieces.ts';
import { lastAssistantTurnStart, lastUserIndex, trainedMessages } from './train_on_what.ts';
import type { Message, ParsedResponse, Renderer, ToolSpec } from './types.ts';

/** Where in its conversation a message stands. */
export interface RenderContext {
  index: number;
  isLast: boolean;
  previous: Message | null;
  next: Message | null;
  /** Index of the conversation's last user message; -1 without one. */
  lastUserIndex: number;
}

/** One message, as text: a conversation is encoded as a whole, because words merge over the ends of its parts. */
interface RenderedMessage {
  /** Announces who speaks. Part of the prompt, so that only `all_tokens` trains on it. */
  header: TextPiece[];
  /** What the speaker says, the token that ends it included. */
  output: TextPiece[];
  /** The beginning of the next header where this is what ends a reply: it follows the last message, as part of it. */
  stopOverlap?: TextPiece[];
}

/** What a family of models decides; `createRenderer` does the rest. */
export interface MessageFormat {
  tokenizer: Tokenizer;
  /** In front of every conversation, and never trained. */
  bosTokens: readonly number[];
  hasExtensionProperty: boolean;
  /** Prompts close the reasoning before it begins, so that a reply with reasoning cannot follow them. */
  disablesThinking?: boolean;
  stopSequences: string[] | number[];
  renderMessage(message: Message, context: RenderContext): RenderedMessage;
  /** The header under which `role` is about to speak, with whatever the model expects to be written for it. */
  generationSuffix(role: string, context: RenderContext): TextPiece[];
  parseResponse(tokens: readonly number[]): ParsedResponse;
  /** Absent where the format has no tools. */
  createConversationPrefixWithTools?(tools: readonly ToolSpec[], systemPrompt: string): Message[];
}

export function createRenderer(format: MessageFormat): Renderer {
  const { tokenizer } = format;

  function generationPrompt(messages: readonly Message[], role: string, prefill: string): number[] {
    const rendered = renderAll(format, messages);
    const suffix = format.generationSuffix(role, contextAt(messages, messages.length, lastUserIndex(messages)));
    const pieces = [...rendered.flatMap(({ header, output }) => [...header, ...output]), ...suffix];
    return [...format.bosTokens, ...tokenizer.encodePieces([...pieces, ...apart([written(prefill)])]).flat()];
  }

  return {
    tokenizer,
    hasExtensionProperty: format.hasExtensionProperty,
    getStopSequences: () => format.stopSequences,
    parseResponse: (tokens) => format.parseResponse(tokens),

    buildGenerationPrompt(messages, { role = 'assistant', prefill = '' } = {}) {
      return modelInputFromTokens(generationPrompt(messages, role, prefill));
    },

    buildSupervisedExample(messages, trainOnWhat) {
      const trained = trainedMessages(messages, trainOnWhat);
      const tokens: number[] = [...format.bosTokens];
      const weights: number[] = tokens.map(() => 0);
      const append = (part: readonly number[], weight: number) => {
        for (const token of part) {
          tokens.push(token);
          weights.push(weight);
        }
      };
      const rendered = renderAll(format, messages);
      const lists = rendered.flatMap(({ header, output }) => [header, output]);
      const groups = encodeLists(tokenizer, [...lists, rendered.at(-1)?.stopOverlap ?? []]);
      messages.forEach((_, index) => {
        append(groups[2 * index], trainOnWhat === 'all_tokens' ? 1 : 0);
        append(groups[2 * index + 1], trained[index] ? 1 : 0);
      });
      append(groups[lists.length], trained.at(-1) ? 1 : 0);

      // What a prompt writes for the model (an opened reasoning block, say) is not the model's to learn.
      if (trainOnWhat === 'last_assistant_message' || trainOnWhat === 'last_assistant_turn') {
        const boundary = trainOnWhat === 'last_assistant_turn' ? lastAssistantTurnStart(messages) : messages.length - 1;
        const prompt = generationPrompt(messages.slice(0, boundary), 'assistant', '');
        if (prompt.every((token, index) => token === tokens[index])) weights.fill(0, 0, prompt.length);
        else if (format.disablesThinking) {
          throw new RendererError(
            `messages[${boundary}] cannot follow the prompt, in which this renderer turns reasoning off`,
            { hint: 'Take the reasoning out of the reply, or use the renderer of the same model that thinks.' },
          );
        }
      }
      return { model_input: modelInputFromTokens(tokens), weights };
    },

    createConversationPrefixWithTools(tools, systemPrompt = '') {
      if (format.createConversationPrefixWithTools === undefined)
        throw new RendererError('this renderer has no way to declare tools', {
          hint: 'Use the renderer of a model that calls tools, or describe them in a system message.',
        });
      return format.createConversationPrefixWithTools(tools, systemPrompt);
    },
  };
}

function renderAll(format: MessageFormat, messages: readonly Message[]): RenderedMessage[] {
  const lastUser = lastUserIndex(messages);
  return messages.map((message, index) => {
    const rendered = format.renderMessage(message, contextAt(messages, index, lastUser));
    // The model speaks after its prompt: it cannot have changed the token before.
    return message.role === 'assistant' ? { ...rendered, output: apart(rendered.output) } : rendered;
  });
}

function contextAt(messages: readonly Message[], index: number, lastUser: number): RenderContext {
  return {
    index,
    isLast: index >= messages.length - 1,
    previous: messages[index - 1] ?? null,
    next: messages[index + 1] ?? null,
    lastUserIndex: lastUser,
  };
}
