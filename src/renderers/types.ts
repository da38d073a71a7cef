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

export type ContentPart = TextPart | ThinkingPart;

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
  /** Paths of what messages that are not trained say and the format leaves out, such as `messages[1].reasoning`. */
  omitted?: string[];
}

export interface Renderer {
  readonly tokenizer: Tokenizer;
  /** Rendering a longer conversation only appends to the rendering of a shorter one and its sampled reply. */
  readonly hasExtensionProperty: boolean;
  /** For `SamplingParams.stop`. */
  getStopSequences(): string[] | number[];
  /** The prompt whose continuation is the next message of `role`. */
  buildGenerationPrompt(messages: readonly Message[], options?: { role?: string; prefill?: string }): ModelInput;
  buildSupervisedExample(messages: readonly Message[], trainOnWhat: TrainOnWhat): SupervisedExample;
  parseResponse(tokens: readonly number[]): ParsedResponse;
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
