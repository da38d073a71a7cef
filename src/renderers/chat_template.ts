// chat_template: whatever Jinja template the model directory carries, with loss weights found by rendering prefixes.

import { modelInputFromTokens } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { RendererError } from '../util/errors.ts';
import { type ConversationTemplate, compileTemplate, TOOL_DECLARE } from './jinja.ts';
import { parseContentBlocks, parseResponseForStopToken } from './parsing.ts';
import { trainedMessages } from './train_on_what.ts';
import type { ContentPart, Message, ParsedResponse, Renderer } from './types.ts';

/** Stands for a message's content in renderings that are only made to see what the template puts around it. */
const PROBE = 'cookbookprobe';
const USER: Message = { role: 'user', content: 'question' };

/**
 * The output of an assistant message is what the template adds to the generation prompt of the messages before it, up to
 * the token that ends the turn; of any other message, what follows its header. The template must render a message alike
 * with and without those that follow: where it rewrites history, training on that history is a RendererError, because the
 * weights would fall on text that the model never sees.
 */
export function chatTemplateRenderer(tokenizer: Tokenizer, { currentDate }: { currentDate: string | null }): Renderer {
  const compiled = compileTemplate(tokenizer, currentDate);
  const frame = replyFrame(compiled, tokenizer);
  const template = withoutUnaskedPrompt(compiled, frame);
  const stops = [...new Set([frame.stop, tokenizer.eosTokenId ?? frame.stop])];

  return {
    tokenizer,
    hasExtensionProperty: appendsOnly(template, frame),
    getStopSequences: () => stops,

    buildGenerationPrompt(messages, { role = 'assistant', prefill = '' } = {}) {
      if (role !== 'assistant') throw new RendererError(`a chat template prompts the assistant, not role "${role}"`);
      return modelInputFromTokens([...template.encode(template.render(messages, true)), ...tokenizer.encode(prefill)]);
    },

    buildSupervisedExample(messages, trainOnWhat) {
      const trained = trainedMessages(messages, trainOnWhat);
      const full = template.render(messages, false);
      if (trainOnWhat === 'all_tokens') {
        const tokens = template.encode(full);
        const weights = tokens.map((token, position) => (position === 0 && token === tokenizer.bosTokenId ? 0 : 1));
        return { model_input: modelInputFromTokens(tokens), weights };
      }
      const spans = messages.flatMap((message, index) =>
        trained[index] && message.role !== TOOL_DECLARE ? [outputSpan(template, messages, index, full)] : [],
      );
      const tokens: number[] = [];
      const weights: number[] = [];
      const append = (part: readonly number[], weight: (position: number) => number) => {
        part.forEach((token, position) => {
          tokens.push(token);
          weights.push(weight(position));
        });
      };
      let end = 0;
      for (const span of spans) {
        // Encoded apart from the prompt, as a sampled reply is: no token straddles where the model begins to speak.
        append(template.encode(full.slice(end, span.start)), () => 0);
        const output = template.encode(full.slice(span.start, span.end));
        const stop = output.findLastIndex((token) => stops.includes(token));
        append(output, (position) => (stop === -1 || position <= stop ? 1 : 0));
        end = span.end;
      }
      append(template.encode(full.slice(end)), () => 0);
      return { model_input: modelInputFromTokens(tokens), weights };
    },

    parseResponse: (tokens) => parseResponse(tokens, frame, tokenizer),

    createConversationPrefixWithTools(tools, systemPrompt = '') {
      if (!/\btools\b/.test(template.source)) throw new RendererError("the model's chat template has no tools");
      const declarations = tools.map((tool) => ({ type: 'function', function: tool }));
      const prefix: Message[] = [{ role: TOOL_DECLARE, content: JSON.stringify(declarations) }];
      return systemPrompt === '' ? prefix : [...prefix, { role: 'system', content: systemPrompt }];
    },
  };
}

interface Span {
  start: number;
  end: number;
}

/** Where in the rendered conversation the output of a message stands. */
function outputSpan(template: ConversationTemplate, messages: readonly Message[], index: number, full: string): Span {
  const message = messages[index];
  const before = messages.slice(0, index);
  const isLast = index === messages.length - 1;
  const prompt = message.role === 'assistant' ? template.render(before, true) : headerOf(template, before, message);
  const through = isLast ? full : template.render(messages.slice(0, index + 1), false);
  if (!full.startsWith(prompt)) {
    throw new RendererError(
      `the model's chat template renders messages[${index}] as no continuation of its own prompt`,
      { hint: 'Use the renderer of this model family, or role_colon.' },
    );
  }
  if (!full.startsWith(through)) {
    throw new RendererError(
      `the model's chat template renders messages[${index}] in another way once more messages follow it`,
      { hint: 'Use train_on_what: last_assistant_message, or the renderer of this model family.' },
    );
  }
  const output = full.slice(prompt.length, through.length);
  const lost = reasoningOf(message).find((thinking) => !output.includes(thinking));
  if (lost !== undefined) {
    throw new RendererError(`the model's chat template leaves the reasoning of messages[${index}] out`, {
      hint: 'Take the thinking parts out of the data, or use the renderer of this model family.',
    });
  }
  return { start: prompt.length, end: through.length };
}

/** The rendering up to where the content of a message begins. */
function headerOf(template: ConversationTemplate, before: readonly Message[], message: Message): string {
  const probed = template.render([...before, { ...message, content: PROBE }], false);
  const start = probed.lastIndexOf(PROBE);
  if (start === -1)
    throw new RendererError(`the model's chat template does not show messages of role "${message.role}"`);
  return probed.slice(0, start);
}

function reasoningOf(message: Message): string[] {
  if (typeof message.content === 'string') return [];
  return message.content.flatMap((part) => (part.type === 'thinking' ? [part.thinking.trim()] : []));
}

/** What the template writes around the content of a reply. */
interface ReplyFrame {
  /** Text between the generation prompt and the content. */
  lead: string;
  /** Text between the content and the stop token. */
  tail: string;
  stop: number;
  /** The generation prompt ends in an opened `<think>`. */
  opensReasoning: boolean;
  /** The generation prompt if the template writes it after every conversation, asked or not; else empty. */
  unaskedPrompt: string;
}

function replyFrame(template: ConversationTemplate, tokenizer: Tokenizer): ReplyFrame {
  const prompt = template.render([USER], true);
  const rendered = template.render([USER, { role: 'assistant', content: PROBE }], false);
  const start = rendered.lastIndexOf(PROBE);
  if (start === -1) throw new RendererError("the model's chat template does not show what the assistant says");
  const closing = rendered.slice(start + PROBE.length);
  const stop = template.encode(closing).find((token) => tokenizer.isSpecial(token)) ?? tokenizer.eosTokenId;
  if (stop === null) {
    throw new RendererError(
      "nothing ends an assistant message in the model's chat template, nor has the model an EOS",
      {
        hint: 'Use renderer: role_colon.',
      },
    );
  }
  const [tail = '', ...afterStop] = closing.split(tokenizer.decode([stop]));
  const next = afterStop.join(tokenizer.decode([stop]));
  return {
    lead: rendered.startsWith(prompt) ? rendered.slice(prompt.length, start) : '',
    tail: afterStop.length === 0 ? '' : tail,
    stop,
    opensReasoning: /<think>\s*$/.test(prompt),
    unaskedPrompt: next.trim() !== '' && prompt.endsWith(next) ? next : '',
  };
}

function withoutUnaskedPrompt(template: ConversationTemplate, { unaskedPrompt }: ReplyFrame): ConversationTemplate {
  if (unaskedPrompt === '') return template;
  return {
    ...template,
    render(messages, addGenerationPrompt) {
      const text = template.render(messages, addGenerationPrompt);
      return !addGenerationPrompt && text.endsWith(unaskedPrompt) ? text.slice(0, -unaskedPrompt.length) : text;
    },
  };
}

function parseResponse(tokens: readonly number[], frame: ReplyFrame, tokenizer: Tokenizer): ParsedResponse {
  const { text, termination } = parseResponseForStopToken(
    tokens,
    { stop: frame.stop, eos: tokenizer.eosTokenId },
    tokenizer,
  );
  return { message: messageOfReply(text, frame), termination };
}

/** The message that a reply's text says: the inverse of how the template renders it. */
function messageOfReply(reply: string, frame: ReplyFrame): Message {
  let text = reply.startsWith(frame.lead) ? reply.slice(frame.lead.length) : reply;
  if (frame.tail !== '' && text.endsWith(frame.tail)) text = text.slice(0, -frame.tail.length);
  if (frame.opensReasoning && text.includes('</think>') && !text.includes('<think>')) text = `<think>${text}`;
  const blocks = parseContentBlocks(text);
  if (blocks === null) return { role: 'assistant', content: text };
  return {
    role: 'assistant',
    content: blocks.parts.flatMap(trimmed),
    ...(blocks.tool_calls.length > 0 ? { tool_calls: blocks.tool_calls } : {}),
    ...(blocks.unparsed_tool_calls.length > 0 ? { unparsed_tool_calls: blocks.unparsed_tool_calls } : {}),
  };
}

/** Templates put the line breaks around blocks back. */
function trimmed(part: ContentPart): ContentPart[] {
  const trim = (text: string) => text.replace(/^\n+|\n+$/g, '');
  if (part.type === 'text') return trim(part.text) === '' ? [] : [{ type: 'text', text: trim(part.text) }];
  return trim(part.thinking) === '' ? [] : [{ type: 'thinking', thinking: trim(part.thinking) }];
}

/**
 * Tries it on a plain reply and on one with reasoning: is the prompt with the reply the beginning of the next prompt?
 * (Templates also rewrite tool calls, if a model spells its JSON in a way of its own; loops compare before they merge.)
 */
function appendsOnly(template: ConversationTemplate, frame: ReplyFrame): boolean {
  const prompt = template.render([USER], true);
  const text: ContentPart = { type: 'text', text: PROBE };
  const replies: Message[] = [
    { role: 'assistant', content: [text] },
    { role: 'assistant', content: [{ type: 'thinking', thinking: 'reason' }, text] },
  ];
  return replies.every((reply) => {
    const rendered = template.render([USER, reply], false);
    const said = rendered.slice(prompt.length, rendered.lastIndexOf(PROBE) + PROBE.length + frame.tail.length);
    const next = template.render([USER, messageOfReply(said, frame), USER], true);
    const shown = rendered.startsWith(prompt) && reasoningOf(reply).every((thinking) => said.includes(thinking));
    return shown && next.startsWith(`${prompt}${said}`);
  });
}
