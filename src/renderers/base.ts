// The machinery of renderers that work message by message: a format says how one message looks, this makes prompts of
// conversations and training examples with a loss weight a token.

import type { Tokenizer } from '../tokenizers/types.ts';
import { RendererError } from '../util/errors.ts';
import { checked } from './checked.ts';
import { hasReasoning } from './content.ts';
import { omittedByText } from './omitted_by_text.ts';
import { apart, encodeLists, isSame, modelInputOf, type Piece, type Unit, widthOf, written } from './pieces.ts';
import { parseReply, type ReplySyntax } from './reply_syntax.ts';
import { streamReply } from './streaming.ts';
import { splitExamples } from './supervised_examples.ts';
import { lastAssistantTurnStart, lastUserIndex, trainedMessages } from './train_on_what.ts';
import type { Message, ParsedResponse, Renderer, SupervisedExample, ToolSpec, TrainOnWhat } from './types.ts';

/** Where in its conversation a message stands. */
export interface RenderContext {
  /** The whole conversation; it stays as it is. */
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

interface Rendering {
  /** As the format arranges them. */
  messages: readonly Message[];
  rendered: readonly RenderedMessage[];
  preamble: Piece[];
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
  /** Where an option decides it, instead of the trait. */
  hasExtensionProperty?: boolean;
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
  const { name, stop, supportsStreaming, disablesThinking } = traits;
  const { hasExtensionProperty = traits.hasExtensionProperty } = format;
  const stops = 'text' in stop ? [stop.text] : stop.tokens.map((token) => requireToken(tokenizer, token, name));
  const { reply } = format;
  const parseResponse =
    typeof reply === 'function' ? reply : (tokens: readonly number[]) => parseReply(tokens, reply, tokenizer);

  function renderAll(given: readonly Message[]): Rendering {
    // A list of its own, which nobody changes: formats remember what they have found out about it.
    const messages = [...(format.arrange?.(given) ?? given)];
    const lastUser = lastUserIndex(messages);
    const rendered = messages.map((message, index) => {
      const context = contextAt(messages, index, lastUser);
      const one = naming(given.indexOf(message), () => format.renderMessage(message, context));
      // The model speaks after its prompt: it cannot have changed the token before.
      return message.role === 'assistant' ? { ...one, output: apart(one.output) } : one;
    });
    return { messages, rendered, preamble: format.preamble?.(messages) ?? [] };
  }

  function promptUnits({ messages, rendered, preamble }: Rendering, role: string, prefill: string): Unit[] {
    const suffix = format.generationSuffix(role, contextAt(messages, messages.length, lastUserIndex(messages)));
    const shown = rendered.flatMap(({ header, output }) => [...header, ...output]);
    const pieces = [...preamble, ...shown, ...suffix, ...apart(prefill === '' ? [] : [written(prefill)])];
    return [...format.bosTokens, ...encodeLists(tokenizer, [pieces]).flat()];
  }

  /** The units of an example, of the preamble and of each message in turn, with their weights. */
  function weighted(trainOnWhat: TrainOnWhat, { messages, rendered, preamble }: Rendering) {
    const trained = trainedMessages(messages, trainOnWhat);
    const ofHeaders = trainOnWhat === 'all_tokens' ? 1 : 0;
    const stretches: { pieces: Piece[]; weight: number }[] = [{ pieces: preamble, weight: ofHeaders }];
    rendered.forEach(({ header, output }, index) => {
      stretches.push({ pieces: header, weight: ofHeaders }, { pieces: output, weight: trained[index] ? 1 : 0 });
    });
    stretches.push({ pieces: rendered.at(-1)?.stopOverlap ?? [], weight: trained.at(-1) ? 1 : 0 });
    const units: Unit[] = [...format.bosTokens];
    const weights: number[] = units.map(() => 0);
    encodeLists(
      tokenizer,
      stretches.map(({ pieces }) => pieces),
    ).forEach((part, index) => {
      for (const unit of part) {
        units.push(unit);
        const weight = typeof unit === 'number' ? stretches[index].weight : 0;
        for (let position = 0; position < widthOf(unit); position++) weights.push(weight);
      }
    });
    return { units, weights };
  }

  function buildSupervisedExample(given: readonly Message[], trainOnWhat: TrainOnWhat): SupervisedExample {
    // First as they were given, so that an error counts them as their author does.
    const trained = trainedMessages(given, trainOnWhat);
    const rendering = renderAll(given);
    const { units, weights } = weighted(trainOnWhat, rendering);
    // What a prompt writes for the model (an opened reasoning block, say) is not the model's to learn.
    const isOfTurn = trainOnWhat === 'last_assistant_message' || trainOnWhat === 'last_assistant_turn';
    if (isOfTurn && trained.includes(true)) {
      const boundary = trainOnWhat === 'last_assistant_turn' ? lastAssistantTurnStart(given) : given.length - 1;
      const prompt = promptUnits(renderAll(given.slice(0, boundary)), 'assistant', '');
      if (prompt.every((unit, index) => isSame(unit, units[index]))) {
        const length = prompt.reduce<number>((sum, unit) => sum + widthOf(unit), 0);
        weights.fill(0, 0, length);
      } else if (disablesThinking) {
        throw contradiction(given, boundary, trainOnWhat);
      }
    }
    const omitted = omittedFields(given, rendering, {
      isTrained: (place) => trained[place],
      showsCalls: format.createConversationPrefixWithTools !== undefined,
    });
    return { model_input: modelInputOf(units), weights, ...(omitted.length > 0 ? { omitted } : {}) };
  }

  return checked({
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
      return modelInputOf(promptUnits(renderAll(messages), role, prefill));
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
  });
}

/** The id of a token that a format is made of. */
function requireToken(tokenizer: Tokenizer, text: string, renderer: string): number {
  const id = tokenizer.tokenId(text);
  if (id !== null) return id;
  throw new RendererError(`the tokenizer has no token "${text}", which renderer ${renderer} needs`);
}

/** The prompt closes the reasoning, and the conversation has something else in that place. */
function contradiction(messages: readonly Message[], index: number, trainOnWhat: TrainOnWhat): RendererError {
  const thinks = messages.slice(index).some((message) => hasReasoning(message));
  const hint = thinks
    ? 'Take the reasoning out of the reply, or use the renderer of the same model that thinks.'
    : trainOnWhat === 'last_assistant_turn'
      ? 'It is shown in another way because more messages follow it: train_on_what: last_assistant_message trains the last reply alone.'
      : 'Let the message before it be the one that it answers: a user message, or the result of a tool.';
  return new RendererError(`messages[${index}] cannot follow the prompt, in which this renderer turns reasoning off`, {
    hint,
  });
}

/** What `act` throws names the message that it is about, by its place in the conversation as it was given. */
function naming<Result>(place: number, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof RendererError) || place === -1) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new RendererError(`messages[${place}]: ${error.message}`, { ...hint, cause: error });
  }
}

/** Counted as they were given, wherever the format has put them. */
function omittedFields(
  given: readonly Message[],
  { messages, rendered }: Rendering,
  { isTrained, showsCalls }: { isTrained(place: number): boolean; showsCalls: boolean },
): string[] {
  // One object may be said twice.
  const places = new Map<Message, number[]>(given.map((message) => [message, []]));
  given.forEach((message, place) => {
    places.get(message)?.push(place);
  });
  return rendered.flatMap(({ header, output }, index) => {
    const place = places.get(messages[index])?.shift();
    if (place === undefined) return [];
    const known = { index: place, isTrained: isTrained(place), showsCalls };
    return omittedByText(messages[index], [...header, ...output], known);
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
