// A conversation as a chat template renders it for training: the text, and where in it the trained messages stand.

import { RendererError } from '../util/errors.ts';
import type { ConversationTemplate, Rendering } from './conversation_template.ts';
import { inlineReasoning, messagePath, reasoningOf, reasoningPath } from './conversation_values.ts';
import { joinTexts, type Origin, plain, sliceText, type Text, tracked } from './jinja/text.ts';
import type { Stretch } from './rendered_tokens.ts';
import { PROBE, type ReplyFrame } from './reply_frame.ts';
import { omissions } from './said.ts';
import { TOOL_DECLARE } from './tool_calls.ts';
import type { Message } from './types.ts';

interface TrainedStretch extends Stretch {
  /** Index of the message. */
  index: number;
}

export interface SupervisedText {
  text: Text;
  trained: TrainedStretch[];
  /** Paths of what the template leaves out of messages that are not trained. */
  omitted: string[];
}

/**
 * Trains what each marked message says: of an assistant, what the template adds to the generation prompt of the messages
 * before; of others, what follows their header. Throws a RendererError where the template renders such a message in another
 * way than the model would see it, or leaves out a part of it.
 */
export function supervisedText(
  template: ConversationTemplate,
  frame: ReplyFrame,
  messages: readonly Message[],
  isTrained: (index: number) => boolean,
): SupervisedText {
  const rendering = withReplyToPrompt(template, frame, messages, isTrained(messages.length - 1));
  const { text, origins } = rendering;
  const trained = messages.flatMap((message, index): TrainedStretch[] => {
    if (!isTrained(index) || message.role === TOOL_DECLARE) return [];
    const stretch = { index, ...outputStretch(template, messages, index, text) };
    const own = origins.filter(({ path }) => path.startsWith(messagePath(index)));
    checkShown(own, sliceText(text, stretch.start, stretch.end), index);
    return [stretch];
  });
  const untrained = (path: string) => !trained.some(({ index }) => path.startsWith(messagePath(index)));
  return { text, trained, omitted: omittedOf(rendering, messages).filter(untrained) };
}

/**
 * The conversation, whose last reply follows its prompt. Where prompts open the reasoning and the template takes that out of
 * every reply, the reply is written as the model writes it: the rest of the reasoning, then the answer.
 */
function withReplyToPrompt(
  template: ConversationTemplate,
  frame: ReplyFrame,
  messages: readonly Message[],
  isTrained: boolean,
): Rendering {
  const rendering = template.render(messages, false);
  const message = messages.at(-1);
  if (!isTrained || message?.role !== 'assistant' || frame.opening === '' || (message.tool_calls ?? []).length > 0)
    return rendering;
  const prompt = template.render(messages.slice(0, -1), true);
  if (plain(rendering.text).startsWith(plain(prompt.text))) return rendering;
  const index = messages.length - 1;
  const origins: Origin[] = [];
  const track = (path: string, text: string): Text => {
    const origin = { path, text };
    origins.push(origin);
    return tracked(origin);
  };
  const said = spokenText(message);
  const opened = /^\s*<think>\n*/.exec(said)?.[0];
  const reply =
    opened === undefined || reasoningOf(message) !== ''
      ? joinTexts([
          inlineReasoning(track(reasoningPath(index), reasoningOf(message))),
          track(`${messagePath(index)}content`, said),
        ])
      : joinTexts(['<think>\n', track(`${messagePath(index)}content`, said.slice(opened.length))]);
  const text = joinTexts([prompt.text, withoutOpening(reply, frame.opening), frame.closing]);
  return { text, origins: [...prompt.origins, ...origins] };
}

function spokenText({ content, unparsed_tool_calls = [] }: Message): string {
  const texts =
    typeof content === 'string' ? [content] : content.map((part) => (part.type === 'text' ? part.text : ''));
  return [...texts, ...unparsed_tool_calls.map((call) => call.raw_text)].join('');
}

/** What is left to write of `<think>\n…` after a prompt that ends with `<think>` and some of the line breaks. */
function withoutOpening(reply: Text, opening: string): Text {
  const whole = plain(reply);
  let shared = 0;
  while (shared < opening.length && whole[shared] === opening[shared]) shared += 1;
  return sliceText(reply, shared);
}

/** Where in the rendered conversation the output of a message stands. */
function outputStretch(
  template: ConversationTemplate,
  messages: readonly Message[],
  index: number,
  text: Text,
): Stretch {
  const full = plain(text);
  const message = messages[index];
  const before = messages.slice(0, index);
  const isLast = index === messages.length - 1;
  const prompt =
    message.role === 'assistant' ? plain(template.render(before, true).text) : headerOf(template, before, message);
  const through = isLast ? full : plain(template.render(messages.slice(0, index + 1), false).text);
  if (!full.startsWith(prompt)) {
    throw new RendererError(
      `the model's chat template renders messages[${index}] as no continuation of its own prompt`,
      {
        hint: isLast
          ? 'Use the renderer of this model family, or role_colon.'
          : 'Use train_on_what: last_assistant_message, or the renderer of this model family.',
      },
    );
  }
  if (!full.startsWith(through)) {
    throw new RendererError(
      `the model's chat template renders messages[${index}] in another way once more messages follow it`,
      { hint: 'Use train_on_what: last_assistant_message, or the renderer of this model family.' },
    );
  }
  return { start: prompt.length, end: through.length };
}

/** The rendering up to where the content of a message begins. */
function headerOf(template: ConversationTemplate, before: readonly Message[], message: Message): string {
  const probed = plain(template.render([...before, { ...message, content: PROBE }], false).text);
  const start = probed.lastIndexOf(PROBE);
  if (start === -1) throw notShown(message.role);
  return probed.slice(0, start);
}

function notShown(role: string): RendererError {
  return new RendererError(`the model's chat template does not show messages of role "${role}"`);
}

function checkShown(origins: readonly Origin[], output: Text, index: number): void {
  const [lost] = omissions(origins, output);
  if (lost === undefined) return;
  if (lost.path === reasoningPath(index)) {
    throw new RendererError(`the model's chat template leaves the reasoning of messages[${index}] out`, {
      hint: 'Take the thinking parts out of the data, or use the renderer of this model family.',
    });
  }
  throw new RendererError(`the model's chat template leaves out ${lost.whole ? '' : 'a part of '}${lost.path}`, {
    hint: 'What it leaves out would not be learnt: change the data, or use the renderer of this model family.',
  });
}

/** What a rendering leaves out. A whole message of somebody else than the assistant must not vanish: a RendererError. */
export function omittedOf({ text, origins }: Rendering, messages: readonly Message[]): string[] {
  return omissions(origins, text).map(({ path, whole }) => {
    const message = messages.find((_, index) => path === `${messagePath(index)}content`);
    if (whole && message !== undefined && message.role !== 'assistant') throw notShown(message.role);
    return path;
  });
}
