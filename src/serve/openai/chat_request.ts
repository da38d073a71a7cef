// Requests of /chat/completions: a conversation and the tools that may be called in it, as the prompt that the model's renderer makes.

import type { Message, Renderer, ToolSpec } from '../../renderers/types.ts';
import { withTools } from '../../renderers/with_tools.ts';
import { fromOpenaiMessages } from '../../supervised/data/messages.ts';
import { parseTools } from '../../supervised/data/tools.ts';
import { flagOf } from '../../tinker/server/requests.ts';
import { tokensOf } from '../../tinker/types.ts';
import { WireError } from '../../tinker/wire/error.ts';
import { expected } from '../../tinker/wire/json_fields.ts';
import { isJsonObject, type JsonObject } from '../../util/json.ts';
import { OpenAiError, unsupported } from './errors.ts';
import { checkRoom, checkScores } from './generation.ts';
import type { NamedModel, OpenAiModels } from './models.ts';
import { countIn, type SamplingRequest, samplingRequestOf, topOf } from './sampling_request.ts';

export interface ChatRequest extends SamplingRequest {
  named: NamedModel;
  renderer: Renderer;
  prompt: number[];
  /** Undefined: up to the end of the context. */
  maxTokens: number | undefined;
  /** What ends a reply for the sampler: the renderer's ends, and the client's. */
  ends: string[] | number[];
  /** How many of the most likely tokens are told; null: no log-probs. */
  top: number | null;
}

/** @throws OpenAiError, WireError, RendererError, DataValidationError */
export async function chatRequestOf(body: JsonObject, models: OpenAiModels): Promise<ChatRequest> {
  const sampling = samplingRequestOf(body);
  const named = models.find(sampling.model);
  const most = Number.MAX_SAFE_INTEGER;
  const maxTokens = countIn(body, 'max_completion_tokens', 1, most) ?? countIn(body, 'max_tokens', 1, most);
  const top = topLogprobsOf(body);
  const messages = messagesOf(body);
  const tools = toolsOf(body);
  const renderer = await models.renderer(named);
  const prompt = tokensOf(renderer.buildGenerationPrompt(withTools(renderer, messages, tools)));
  checkRoom(prompt, named, 'messages');
  const room = named.served.max_context_length - prompt.length;
  checkScores(sampling.n * Math.min(maxTokens ?? room, room), top);
  return { ...sampling, named, renderer, prompt, maxTokens, ends: endsOf(renderer, sampling.stop), top };
}

function topLogprobsOf(body: JsonObject): number | null {
  const top = topOf(body, 'top_logprobs');
  if (flagOf(body, 'logprobs', false)) return top ?? 0;
  if (top === undefined || top === 0) return null;
  throw new WireError('top_logprobs', 'needs logprobs: true');
}

function messagesOf(body: JsonObject): Message[] {
  const { messages } = body;
  if (!Array.isArray(messages)) throw expected('a list', messages, 'messages');
  if (messages.length === 0) throw new WireError('messages', 'is empty');
  return fromOpenaiMessages(
    messages.map((message, i) => {
      if (!isJsonObject(message)) throw expected('an object', message, `messages[${i}]`);
      // What newer clients call the system.
      return message.role === 'developer' ? { ...message, role: 'system' } : message;
    }),
  );
}

function toolsOf(body: JsonObject): ToolSpec[] {
  const { tools = null, tool_choice: choice = null } = body;
  if (choice !== null && choice !== 'auto' && choice !== 'none') {
    throw unsupported('tool_choice', 'a model calls a tool or does not, which is "auto"; without tools it is "none"');
  }
  if (tools === null || choice === 'none') return [];
  if (!Array.isArray(tools)) throw expected('a list', tools, 'tools');
  for (const [i, tool] of tools.entries()) {
    if (isJsonObject(tool) && tool.type === 'function' && isJsonObject(tool.function)) continue;
    throw new OpenAiError(`tools[${i}] must be {"type": "function", "function": {"name": …}}`, { param: 'tools' });
  }
  return parseTools(tools);
}

/** Ids where they are all that ends a reply; beside strings, ids are spelled out. */
function endsOf(renderer: Renderer, stop: readonly string[]): string[] | number[] {
  const ends = renderer.getStopSequences();
  if (stop.length === 0) return ends;
  return [...ends.map((end) => (typeof end === 'string' ? end : renderer.tokenizer.decode([end]))), ...stop];
}
