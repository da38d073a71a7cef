// /chat/completions: replies to a conversation, whole or as they come.

import type { ToolCall } from '../../renderers/types.ts';
import type { SampleStopReason } from '../../tinker/types.ts';
import { Channel } from '../../util/channel.ts';
import type { JsonObject } from '../../util/json.ts';
import type { ChatRequest } from './chat_request.ts';
import { type Generated, generate } from './generation.ts';
import { type ReplyDelta, replyDeltas } from './reply_deltas.ts';
import type { OpenAiSession } from './session.ts';
import { chatLogprobs } from './token_logprobs.ts';
import { answerHead, usageOf } from './usage.ts';

interface Listening {
  signal: AbortSignal;
  onToken?(token: number, member: number): void;
}

function replies(session: OpenAiSession, request: ChatRequest, listening: Listening): Promise<Generated> {
  const { named, prompt, n, params, ends, maxTokens, top } = request;
  return generate(session, {
    model: named,
    prompt,
    n,
    params: { ...params, stop: ends, ...(maxTokens !== undefined && { max_tokens: maxTokens }) },
    top,
    scorePrompt: false,
    ...listening,
  });
}

export async function chatCompletion(
  session: OpenAiSession,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<JsonObject> {
  const generated = await replies(session, request, { signal });
  const head = answerHead('chatcmpl', 'chat.completion', request.model);
  const choices = await Promise.all(
    generated.sequences.map(async ({ tokens, stop_reason }, index) => {
      const deltas: ReplyDelta[] = [];
      for await (const delta of replyDeltas(tokens, request)) deltas.push(delta);
      const textOf = (kind: 'content' | 'reasoning') =>
        deltas.map((delta) => (delta.kind === kind ? delta.text : '')).join('');
      const calls = deltas.flatMap((delta) => (delta.kind === 'tool_calls' ? delta.calls : []));
      const [content, reasoning] = [textOf('content'), textOf('reasoning')];
      const message = {
        role: 'assistant',
        content: content === '' && calls.length > 0 ? null : content,
        refusal: null,
        ...(reasoning !== '' && { reasoning_content: reasoning }),
        ...(calls.length > 0 && { tool_calls: calls.map((call, i) => callJson(call, head, index, i)) }),
      };
      return {
        index,
        message,
        logprobs: logprobsOf(request, generated, index),
        finish_reason: finishOf(stop_reason, calls.length > 0),
      };
    }),
  );
  return { ...head, choices, usage: usageOf([{ prompt: request.prompt, generated }]) };
}

/** A reply as it comes; where log-probs are asked for, all of it when it is whole. */
export async function* chatPieces(
  session: OpenAiSession,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<JsonObject> {
  const { n, top, includeUsage } = request;
  const head = answerHead('chatcmpl', 'chat.completion.chunk', request.model);
  const pieces = new Channel<JsonObject>();
  const tell = (index: number, delta: JsonObject, more: JsonObject = {}) =>
    pieces.push({ ...head, choices: [{ index, delta, logprobs: null, finish_reason: null, ...more }] });
  const choices = Array.from({ length: n }, () => ({ tokens: new Channel<number>(), told: 0 }));
  const reading = choices.map(async ({ tokens }, index) => {
    let isCall = false;
    let isBegun = false;
    for await (const delta of replyDeltas(tokens, request)) {
      if (!isBegun) tell(index, { role: 'assistant', content: '' });
      isBegun = true;
      tell(index, deltaJson(delta, head, index));
      isCall ||= delta.kind === 'tool_calls';
    }
    if (!isBegun) tell(index, { role: 'assistant', content: '' });
    return isCall;
  });
  // Whoever waits for one of them is told; the others are nobody's by then.
  for (const each of reading) each.catch(() => undefined);
  const onToken = (token: number, member: number) => {
    choices[member].tokens.push(token);
    choices[member].told += 1;
  };
  const answering = (async () => {
    const generated = await replies(session, request, { signal, ...(top === null && { onToken }) });
    for (const [index, { tokens, stop_reason }] of generated.sequences.entries()) {
      // A service may tell nothing on the way.
      for (const token of tokens.slice(choices[index].told)) choices[index].tokens.push(token);
      choices[index].tokens.end();
      const isCall = await reading[index];
      tell(
        index,
        {},
        { logprobs: logprobsOf(request, generated, index), finish_reason: finishOf(stop_reason, isCall) },
      );
    }
    return generated;
  })();
  answering.then(
    () => pieces.end(),
    (error: unknown) => {
      for (const { tokens } of choices) tokens.end();
      pieces.end(error);
    },
  );
  yield* pieces;
  if (includeUsage)
    yield { ...head, choices: [], usage: usageOf([{ prompt: request.prompt, generated: await answering }]) };
}

function deltaJson(delta: ReplyDelta, head: JsonObject, choice: number): JsonObject {
  if (delta.kind === 'content') return { content: delta.text };
  if (delta.kind === 'reasoning') return { reasoning_content: delta.text };
  return { tool_calls: delta.calls.map((call, index) => ({ index, ...callJson(call, head, choice, index) })) };
}

/** A call without an id gets one, by which its result names it. */
function callJson(
  { type, id, function: called }: ToolCall,
  { id: answer }: JsonObject,
  choice: number,
  index: number,
): JsonObject {
  return { id: id ?? `call_${String(answer).slice(-12)}_${choice}_${index}`, type, function: { ...called } };
}

function finishOf(reason: SampleStopReason, isCall: boolean): string {
  return isCall && reason === 'stop' ? 'tool_calls' : reason;
}

function logprobsOf({ renderer, top }: ChatRequest, { scores }: Generated, index: number): JsonObject | null {
  return top === null ? null : chatLogprobs(scores[index], renderer.tokenizer);
}
