// What a chat template writes around a reply: found by rendering one, used to read sampled replies and to know their end.

import type { Tokenizer } from '../tokenizers/types.ts';
import { RendererError } from '../util/errors.ts';
import type { ConversationTemplate, Rendering } from './conversation_template.ts';
import { plain, sliceText } from './jinja/text.ts';
import { messageOfText, type ReplySyntax, withoutLines } from './reply_syntax.ts';
import { readJsonCall } from './tool_calls.ts';
import type { ContentPart, Message } from './types.ts';

/** Stands for a message's content in renderings that are only made to see what the template puts around it. */
export const PROBE = 'cookbookprobe';
export const USER: Message = { role: 'user', content: 'question' };

export interface ReplyFrame {
  /** Text between the generation prompt and the content. */
  lead: string;
  /** Text between the content and the stop token. */
  tail: string;
  /** All that follows the content of a last message. */
  closing: string;
  stop: number;
  /** The template writes the stop token. If not, only the end of the model's EOS stops a reply. */
  writesStop: boolean;
  /** What opens the reasoning at the end of the generation prompt, `<think>\n`; empty if nothing does. */
  opening: string;
  /** The generation prompt if the template writes it after every conversation, asked or not; else empty. */
  unaskedPrompt: string;
}

export function replyFrame(template: ConversationTemplate, tokenizer: Tokenizer): ReplyFrame {
  const prompt = plain(template.render([USER], true).text);
  const rendered = plain(template.render([USER, { role: 'assistant', content: PROBE }], false).text);
  const start = rendered.lastIndexOf(PROBE);
  if (start === -1) throw new RendererError("the model's chat template does not show what the assistant says");
  const closing = rendered.slice(start + PROBE.length);
  const written = tokenizer.encode(closing).find((token) => tokenizer.isSpecial(token));
  const stop = written ?? tokenizer.eosTokenId;
  if (stop === null) {
    throw new RendererError(
      "nothing ends an assistant message in the model's chat template, nor has the model an EOS",
      {
        hint: 'Use renderer: role_colon.',
      },
    );
  }
  const stopText = tokenizer.decode([stop]);
  const [tail = '', ...afterStop] = closing.split(stopText);
  const next = afterStop.join(stopText);
  const unaskedPrompt = next.trim() !== '' && prompt.endsWith(next) ? next : '';
  return {
    lead: rendered.startsWith(prompt) ? rendered.slice(prompt.length, start) : '',
    tail: afterStop.length === 0 ? '' : tail,
    closing: closing.slice(0, closing.length - unaskedPrompt.length),
    stop,
    writesStop: written !== undefined,
    opening: /<think>\s*$/.exec(prompt)?.[0] ?? '',
    unaskedPrompt,
  };
}

/** The same template without the generation prompt where none is asked for. */
export function withoutUnaskedPrompt(
  template: ConversationTemplate,
  { unaskedPrompt }: ReplyFrame,
): ConversationTemplate {
  if (unaskedPrompt === '') return template;
  const withoutPrompt = ({ text, origins }: Rendering): Rendering =>
    plain(text).endsWith(unaskedPrompt)
      ? { text: sliceText(text, 0, plain(text).length - unaskedPrompt.length), origins }
      : { text, origins };
  return {
    ...template,
    render(messages, addGenerationPrompt) {
      const rendering = template.render(messages, addGenerationPrompt);
      return addGenerationPrompt ? rendering : withoutPrompt(rendering);
    },
    renderWithBeginnings(messages, beginnings) {
      const { rendering, beginningOf } = template.renderWithBeginnings(messages, beginnings);
      const whole = plain(rendering.text);
      return {
        rendering: withoutPrompt(rendering),
        beginningOf(index) {
          const { head, tail } = beginningOf(index);
          if (beginnings[index].asked) return { head, tail };
          const start = Math.max(0, head - unaskedPrompt.length);
          const end = whole.slice(start, head) + tail;
          return end.endsWith(unaskedPrompt)
            ? { head: start, tail: end.slice(0, -unaskedPrompt.length) }
            : { head, tail };
        },
      };
    },
  };
}

/** The message that a reply's text says: the inverse of how the template renders it. */
export function messageOfReply(reply: string, frame: ReplyFrame): Message {
  let text = reply.startsWith(frame.lead) ? reply.slice(frame.lead.length) : reply;
  if (frame.tail !== '' && text.endsWith(frame.tail)) text = text.slice(0, -frame.tail.length);
  if (frame.opening !== '' && text.includes('</think>') && !text.includes('<think>')) text = `<think>${text}`;
  const message = messageOfText(text, BLOCKS);
  return typeof message.content === 'string' ? message : { ...message, content: message.content.flatMap(trimmed) };
}

/** What templates that are not known write most. */
const BLOCKS: Omit<ReplySyntax, 'ends'> = {
  thinking: { open: '<think>', close: '</think>', prefilled: false },
  calls: { open: '<tool_call>', close: '</tool_call>', read: readJsonCall },
};

/** Templates put the line breaks around blocks back. */
function trimmed(part: ContentPart): ContentPart[] {
  if (part.type === 'image') return [part];
  if (part.type === 'text')
    return withoutLines(part.text) === '' ? [] : [{ type: 'text', text: withoutLines(part.text) }];
  return withoutLines(part.thinking) === '' ? [] : [{ type: 'thinking', thinking: withoutLines(part.thinking) }];
}
