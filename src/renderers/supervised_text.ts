// A conversation as a chat template renders it for training: the text, and where in it the trained messages stand.

import { RendererError } from '../util/errors.ts';
import { thoughtAndSaid } from './content.ts';
import type { Beginning, ConversationTemplate, RenderedBeginning, Rendering } from './conversation_template.ts';
import { inlineReasoning, messageOfPath, messagePath, reasoningOf, reasoningPath } from './conversation_values.ts';
import { joinTexts, type Origin, plain, sliceText, type Text, tracked } from './jinja/text.ts';
import { omittedByOrigin } from './omitted_by_origin.ts';
import type { Stretch } from './rendered_tokens.ts';
import { PROBE, type ReplyFrame } from './reply_frame.ts';
import { TOOL_DECLARE, unparsedText } from './tool_calls.ts';
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
  const outputs = messages.flatMap(({ role }, index) =>
    isTrained(index) && role !== TOOL_DECLARE ? [{ index, ...boundsOf(messages, index) }] : [],
  );
  const beginnings = outputs.flatMap(({ before, through }) => [before, through]);
  const { rendering: whole, beginningOf } = template.renderWithBeginnings(messages, beginnings);
  const rendering = withReplyToPrompt(template, frame, messages, { whole, isTrained: isTrained(messages.length - 1) });
  const full = plain(rendering.text);
  const shared = rendering === whole ? full.length : sharedLength(full, plain(whole.text));
  /** The length of a beginning; null where the conversation does not begin with it. */
  const lengthOf = ({ head, tail }: RenderedBeginning) =>
    head <= shared && full.startsWith(tail, head) ? head + tail.length : null;

  const origins = originsByMessage(rendering.origins);
  const trained = outputs.map(({ index }, place): TrainedStretch => {
    const isLast = index === messages.length - 1;
    const before = beginningOf(2 * place);
    const start = lengthOf(
      messages[index].role === 'assistant' ? before : upToProbe(before, plain(whole.text), messages[index]),
    );
    const end = isLast ? full.length : lengthOf(beginningOf(2 * place + 1));
    if (start === null) throw noContinuation(index, isLast);
    if (end === null) throw rewritten(index);
    checkShown(origins.get(index) ?? [], sliceText(rendering.text, start, end), index);
    return { index, start, end };
  });
  const indices = new Set(trained.map(({ index }) => index));
  const omitted = omittedPaths(rendering, messages).filter((path) => !indices.has(messageOfPath(path) ?? -1));
  return { text: rendering.text, trained, omitted };
}

/** The beginnings of a conversation between which the output of a message stands. */
function boundsOf(messages: readonly Message[], index: number): { before: Beginning; through: Beginning } {
  const message = messages[index];
  const through = { count: index + 1, asked: false };
  return {
    before:
      message.role === 'assistant'
        ? { count: index, asked: true }
        : { ...through, last: { ...message, content: PROBE } },
    through,
  };
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

function originsByMessage(origins: readonly Origin[]): Map<number, Origin[]> {
  const byMessage = new Map<number, Origin[]>();
  for (const origin of origins) {
    const index = messageOfPath(origin.path);
    if (index === null) continue;
    const own = byMessage.get(index) ?? [];
    own.push(origin);
    byMessage.set(index, own);
  }
  return byMessage;
}

/** Up to where the content of a message begins, in the place of which the probe is rendered. */
function upToProbe({ head, tail }: RenderedBeginning, whole: string, { role }: Message): RenderedBeginning {
  const inTail = tail.lastIndexOf(PROBE);
  if (inTail !== -1) return { head, tail: tail.slice(0, inTail) };
  const start = whole.slice(0, head).lastIndexOf(PROBE);
  if (start === -1) throw notShown(role);
  return { head: start, tail: '' };
}

/**
 * The conversation, whose last reply follows its prompt. Where prompts open the reasoning and the template takes that out of
 * every reply, the reply is written as the model writes it: the rest of the reasoning, then the answer.
 */
function withReplyToPrompt(
  template: ConversationTemplate,
  frame: ReplyFrame,
  messages: readonly Message[],
  { whole: rendering, isTrained }: { whole: Rendering; isTrained: boolean },
): Rendering {
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
  const said = answerText(message);
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

function answerText(message: Message): string {
  return `${thoughtAndSaid(message).text}${unparsedText(message)}`;
}

/** What is left to write of `<think>\n…` after a prompt that ends with `<think>` and some of the line breaks. */
function withoutOpening(reply: Text, opening: string): Text {
  const whole = plain(reply);
  let shared = 0;
  while (shared < opening.length && whole[shared] === opening[shared]) shared += 1;
  return sliceText(reply, shared);
}

function noContinuation(index: number, isLast: boolean): RendererError {
  return new RendererError(
    `the model's chat template renders messages[${index}] as no continuation of its own prompt`,
    {
      hint: isLast
        ? 'Use the renderer of this model family, or role_colon.'
        : 'Use train_on_what: last_assistant_message, or the renderer of this model family.',
    },
  );
}

function rewritten(index: number): RendererError {
  return new RendererError(
    `the model's chat template renders messages[${index}] in another way once more messages follow it`,
    { hint: 'Use train_on_what: last_assistant_message, or the renderer of this model family.' },
  );
}

function notShown(role: string): RendererError {
  return new RendererError(`the model's chat template does not show messages of role "${role}"`);
}

function checkShown(origins: readonly Origin[], output: Text, index: number): void {
  const [lost] = omittedByOrigin(origins, output);
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
export function omittedPaths({ text, origins }: Rendering, messages: readonly Message[]): string[] {
  return omittedByOrigin(origins, text).map(({ path, whole }) => {
    const message = path.endsWith('.content') ? messages[messageOfPath(path) ?? -1] : undefined;
    if (whole && message !== undefined && message.role !== 'assistant') throw notShown(message.role);
    return path;
  });
}
