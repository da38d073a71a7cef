// Messages, and the renderers that turn conversations into tokens and tokens back into messages.

import { defineSlot } from '../registry/slot.ts';
import type { ModelInput } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';

export interface TextPart {
  type: 'text';
  text: string;
}

export interface ThinkingPart {
  type: 'thinking';
  thinking: string;
}

/** A picture in a message. */
export interface ImagePart {
  type: 'image';
  /** A data URL of PNG, JPEG or WebP: `data:image/png;base64,…`. */
  image: string;
  /** Tokens that the model's image processor makes of it. */
  expected_tokens: number;
}

export type ContentPart = TextPart | ThinkingPart | ImagePart;

export interface ToolCall {
  type: 'function';
  id: string | null;
  /** `arguments` is JSON text. */
  function: { name: string; arguments: string };
}

/** A tool call in the model's output that could not be read as one. */
export interface UnparsedToolCall {
  raw_text: string;
  error: string;
}

export interface Message {
  /** system, user, assistant, tool; some renderers know more. */
  role: string;
  content: string | ContentPart[];
  tool_calls?: ToolCall[];
  unparsed_tool_calls?: UnparsedToolCall[];
  /** For `train_on_what: customized` only. */
  trainable?: boolean;
  tool_call_id?: string;
  name?: string;
}

export interface ToolSpec {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: object;
}

export const TRAIN_ON_WHAT = [
  'last_assistant_message',
  'last_assistant_turn',
  'all_assistant_messages',
  'all_messages',
  'all_tokens',
  'all_user_and_system_messages',
  'customized',
] as const;

export type TrainOnWhat = (typeof TRAIN_ON_WHAT)[number];

/** How a sampled reply ended. `malformed`: neither by a stop sequence nor by the end-of-sequence token. */
export type ParseTermination = 'stop_sequence' | 'eos' | 'malformed';

export interface ParsedResponse {
  message: Message;
  termination: ParseTermination;
}

/** Tokens of one training example and the loss weight of each; both have the same length. */
export interface SupervisedExample {
  model_input: ModelInput;
  weights: number[];
  /** Paths of what messages say and the format leaves out, such as `messages[1].reasoning`. */
  omitted?: string[];
}

/**
 * What a streaming parse tells as it goes; the last is the whole message, as `parseResponse` gives it. `content_index` is the
 * place of a part in the content of that message; 0 where the content is a string.
 */
export type ReplyEvent =
  | { type: 'header'; role: string }
  | { type: 'text'; text: string; content_index: number }
  | { type: 'thinking'; thinking: string; content_index: number }
  | { type: 'message'; message: Message; termination: ParseTermination };

export interface Renderer {
  /** Its name in specs and checkpoints, such as `qwen3`. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Rendering a longer conversation only appends to the rendering of a shorter one and its sampled reply. */
  readonly hasExtensionProperty: boolean;
  readonly supportsStreaming: boolean;
  /** Prompts close the reasoning before it begins, so that a reply with reasoning cannot follow them. */
  readonly disablesThinking: boolean;
  /** For `SamplingParams.stop`. */
  getStopSequences(): string[] | number[];
  /** The prompt whose continuation is the next message of `role`. */
  buildGenerationPrompt(messages: readonly Message[], options?: { role?: string; prefill?: string }): ModelInput;
  buildSupervisedExample(messages: readonly Message[], trainOnWhat: TrainOnWhat): SupervisedExample;
  /**
   * Examples that show the model each reply under the prompt that it will see: one for the conversation where rendering only
   * appends, else one for each assistant message that `trainOnWhat` trains, cut after it. Throws for the modes that train
   * more than assistant messages where rendering rewrites history.
   */
  buildSupervisedExamples(messages: readonly Message[], trainOnWhat: TrainOnWhat): SupervisedExample[];
  /** Never throws: a reply that has no end, or several, is malformed and its text is the content. */
  parseResponse(tokens: readonly number[]): ParsedResponse;
  /** Throws where the format cannot be read before its end. */
  parseResponseStreaming(tokens: AsyncIterable<number> | Iterable<number>): AsyncIterable<ReplyEvent>;
  /** Messages that declare tools, to put in front of a conversation. Throws where the format has no tools. */
  createConversationPrefixWithTools(tools: readonly ToolSpec[], systemPrompt?: string): Message[];
}

export interface RendererContext {
  tokenizer: Tokenizer;
}

export const rendererSlot = defineSlot<RendererContext, Renderer>({
  name: 'renderer',
  doc: 'How conversations become tokens, with the loss weights for training on them.',
});
