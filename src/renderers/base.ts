// The machinery of renderers that work message by message: a format says how one message looks, this makes prompts of
// conversations and training examples with a loss weight a token.

import type { Tokenizer } from '../tokenizers/types.ts';
import { RendererError } from '../util/errors.ts';
import { apart, encodeLists, modelInputOf, type Piece, type Unit, widthOf, written } from './pieces.ts';
import { parseReply, type ReplySyntax } from './reply_syntax.ts';
import { streamReply } from './streaming.ts';
import { splitExamples } from './supervised_examples.ts';
import { lastAssistantTurnStart, lastUserIndex, trainedMessages } from './train_on_what.ts';
import type { Message, ParsedResponse, Renderer, SupervisedExample, ToolSpec, TrainOnWhat } from './types.ts';

/** Where in its conversation a message stands. */
export interface RenderContext {
  /** The whole conversation. */
  messages: readonly Message[];
  index: number;
  isLast: boolean;
  previous: Message | null;
  next: Message | null;
  /** Index of the conversation's last user message; -1 without one. */
  lastUserIndex: number;
}

/** One message, as text: a conversation is encoded as a whole, because words merge over the ends of its parts. */
export interface RenderedMessage {
  /** Announces who speaks. Part of the prompt, so that only `all_tokens` trains on it. */
  header: Piece[];
  /** What the speaker says, the token that ends it included. */
  output: Piece[];
  /** The beginning of the next header where this is what ends a reply: it follows the last message, as part of it. */
  stopOverlap?: Piece[];
}

/** What a family of models decides; `createRenderer` does the rest. */
export interface MessageFormat {
  /** In front of every conversation, and never trained: `[]`, or the BOS token if the tokenizer has one. */
  bosTokens: readonly number[];
  /** The reply's syntax, or a parser of the family's own. */
  reply: ReplySyntax | ((tokens: readonly number[]) => ParsedResponse);
  /** The messages as they are shown: results may come in another order, and messages may be added in front of what is given. */
  arrange?(messages: readonly Message[]): readonly Message[];
  /** Written before the first message, as part of its header. */
  preamble?(messages: readonly Message[]): Piece[];
  renderMessage(message: Message, context: RenderContext): RenderedMessage;
  /** The header under which `role` is about to speak, with whatever the model expects to be written for it. */
  generationSuffix(role: string, context: RenderContext): Piece[];
  /** Absent where the format has no tools. */
  createConversationPrefixWithTools?(tools: readonly ToolSpec[], systemPrompt: string): Message[];
}

/** What is known of a renderer before it has a tokenizer. */
export interface RendererTraits {
  name: string;
  /** What ends a reply: tokens, or a text that the sampler looks for. */
  stop: { tokens: readonly string[] } | { text: string };
  hasExtensionProperty: boolean;
  supportsStreaming: boolean;
  disablesThinking: boolean;
}

export function createRenderer(traits: RendererTraits, tokenizer: Tokenizer, format: MessageFormat): Renderer {
  const { name, stop, hasExtensionProperty, supportsStreaming, disablesThinking } = traits;
  const stops = 'text' in stop ? [stop.text] : stop.tokens.map((token) => requireToken(tokenizer, token, name));
  const { reply } = format;
  const parseResponse =
    typeof reply === 'function' ? reply : (tokens: readonly number[]) => parseReply(tokens, reply, tokenizer);

  /** Headers and outputs in turn, then the stop overlap of the last message. */
  function piecesOf(given: readonly Message[]): Piece[][] {
    const messages = format.arrange?.(given) ?? given;
    const rendered = renderAll(format, messages);
    const preamble = format.preamble?.(messages) ?? [];
    const lists = rendered.flatMap(({ header, output }) => [header, output]);
    lists[0] = [...preamble, ...(lists[0] ?? [])];
    return [...lists, rendered.at(-1)?.stopOverlap ?? []];
  }

  function generationPrompt(given: readonly Message[], role: string, prefill: string): Unit[] {
    const messages = format.arrange?.(given) ?? given;
    const lists = piecesOf(given).slice(0, -1);
    const suffix = format.generationSuffix(role, contextAt(messages, messages.length, lastUserIndex(messages)));
    const pieces = [...lists.flat(), ...suffix, ...apart(prefill === '' ? [] : [written(prefill)])];
    return [...format.bosTokens, ...encodeLists(tokenizer, [pieces]).flat()];
  }

  function buildSupervisedExample(given: readonly Message[], trainOnWhat: TrainOnWhat): SupervisedExample {
    const messages = format.arrange?.(given) ?? given;
    // First as they were given, so that an error counts them as their author does.
    trainedMessages(given, trainOnWhat);
    const trained = trainedMessages(messages, trainOnWhat);
    const units: Unit[] = [...format.bosTokens];
    const weights: number[] = units.map(() => 0);
    encodeLists(tokenizer, piecesOf(given)).forEach((part, list) => {
      const message = Math.min(list >> 1, messages.length - 1);
      const isHeader = list % 2 === 0 && list < 2 * messages.length;
      const weight = (isHeader ? trainOnWhat === 'all_tokens' : trained[message]) ? 1 : 0;
      for (const unit of part) {
        units.push(unit);
        for (let position = 0; position < widthOf(unit); position++) {
          weights.push(typeof unit === 'number' ? weight : 0);
        }
      }
    });

    // What a prompt writes for the model (an opened reasoning block, say) is not the model's to learn.
    if (trainOnWhat === 'last_assistant_message' || trainOnWhat === 'last_assistant_turn') {
      const boundary = trainOnWhat === 'last_assistant_turn' ? lastAssistantTurnStart(given) : given.length - 1;
      const prompt = generationPrompt(given.slice(0, boundary), 'assistant', '');
      if (prompt.every((unit, index) => unit === units[index])) {
        weights.fill(
          0,
          0,
          prompt.reduce<number>((sum, unit) => sum + widthOf(unit), 0),
        );
      } else if (disablesThinking) {
        throw new RendererError(
          `messages[${boundary}] cannot follow the prompt, in which this renderer turns reasoning off`,
          { hint: 'Take the reasoning out of the reply, or use the renderer of the same model that thinks.' },
        );
      }
    }
    return { model_input: modelInputOf(units), weights };
  }

  return {
    name,
    tokenizer,
    hasExtensionProperty,
    supportsStreaming,
    disablesThinking,
    getStopSequences: () => ('text' in stop ? [stop.text] : stops.filter((token) => typeof token === 'number')),
    parseResponse,

    parseResponseStreaming(tokens) {
      if (!supportsStreaming || typeof reply === 'function')
        throw new RendererError(`replies of the renderer ${name} can only be parsed whole`);
      return streamReply(tokens, reply, tokenizer);
    },

    buildGenerationPrompt(messages, { role = 'assistant', prefill = '' } = {}) {
      return modelInputOf(generationPrompt(messages, role, prefill));
    },

    buildSupervisedExample,

    buildSupervisedExamples(messages, trainOnWhat) {
      return splitExamples(messages, trainOnWhat, { name, hasExtensionProperty, buildSupervisedExample });
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

/** The id of a token that a format is made of. */
export function requireToken(tokenizer: Tokenizer, text: string, renderer: string): number {
  const id = tokenizer.tokenId(text);
  if (id !== null) return id;
  throw new RendererError(`the tokenizer has no token "${text}", which renderer ${renderer} needs`);
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
    messages,
    index,
    isLast: index >= messages.length - 1,
    previous: messages[index - 1] ?? null,
    next: messages[index + 1] ?? null,
    lastUserIndex: lastUser,
  };
}
