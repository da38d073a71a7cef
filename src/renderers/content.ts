// The content of a message: as plain text, and apart by what it is.

import type { ImageChunk } from '../tinker/types.ts';
import { RendererError } from '../util/errors.ts';
import { imageChunk } from './images.ts';
import { type Piece, said } from './pieces.ts';
import type { ImagePart, Message, TextPart } from './types.ts';

/** Text parts joined. Throws a RendererError for reasoning and pictures, which plain text cannot express. */
export function textOf(message: Message): string {
  if (typeof message.content === 'string') return message.content;
  return message.content
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw notText(message, part.type === 'thinking' ? 'holds reasoning' : 'holds a picture');
    })
    .join('');
}

/** A string, or the one text part of a list: for formats that do not say how several parts are joined. */
export function singleTextOf(message: Message): string {
  const text = textOf(message);
  if (typeof message.content === 'string' || message.content.length === 1) return text;
  throw notText(message, `holds ${message.content.length} parts`);
}

/** Apart by what it is. */
export interface Spoken {
  thinking: string;
  text: string;
}

/** What an assistant thought and what it said, each joined. `inString` tells them apart where the content is a string. */
export function thoughtAndSaid(
  message: Message,
  inString: (text: string) => Spoken = (text) => ({ thinking: '', text }),
): Spoken {
  if (typeof message.content === 'string') return inString(message.content);
  const thinking = message.content.map((part) => (part.type === 'thinking' ? part.thinking : '')).join('');
  const others = message.content.filter((part) => part.type !== 'thinking');
  return { thinking, text: textOf({ ...message, content: others }) };
}

/**
 * Reasoning inside of a string, as most chat templates find it: it ends at the first closing tag, after the last opening one
 * before that; what is said follows the last closing one.
 */
export function splitAroundTags(text: string): Spoken {
  if (!text.includes('</think>')) return { thinking: '', text };
  const before = text.slice(0, text.indexOf('</think>'));
  return { thinking: before.split('<think>').at(-1) ?? '', text: text.split('</think>').at(-1) ?? '' };
}

/** Reasoning inside of a string, where a template cuts it once: all up to the first closing tag, without an opening one in front. */
export function splitAtFirstClose(text: string): Spoken {
  const close = text.indexOf('</think>');
  if (close === -1) return { thinking: '', text };
  return { thinking: text.slice(0, close).replace(/^<think>/, ''), text: text.slice(close + '</think>'.length) };
}

/** In parts of its own, or in a string. */
export function hasReasoning({ role, content }: Message): boolean {
  if (role !== 'assistant') return false;
  if (typeof content === 'string') return splitAroundTags(content).thinking.trim() !== '';
  return content.some((part) => part.type === 'thinking' && part.thinking.trim() !== '');
}

export type VisiblePart = TextPart | ImagePart;

/** Reasoning, and what else a message shows. Reasoning in a string counts as what it is only where `inStrings`. */
export function spokenOf(message: Message, inStrings: boolean): { thinking: string; parts: VisiblePart[] } {
  const { content, role } = message;
  const isAssistant = role === 'assistant';
  if (typeof content === 'string') {
    const { thinking, text } = isAssistant && inStrings ? splitAroundTags(content) : { thinking: '', text: content };
    return { thinking, parts: [{ type: 'text', text }] };
  }
  let thinking = '';
  const parts: VisiblePart[] = [];
  for (const part of content) {
    if (part.type !== 'thinking') parts.push(part);
    else if (isAssistant) thinking += part.thinking;
    else throw notText(message, 'holds reasoning');
  }
  return { thinking, parts };
}

/** Text as it is said; pictures in their form, where the models see. */
export function partPieces(
  message: Message,
  parts: readonly VisiblePart[],
  picture: ((chunk: ImageChunk, index: number) => Piece[]) | null,
): Piece[] {
  return parts.flatMap((part, index) => {
    if (part.type === 'text') return part.text === '' ? [] : [said(part.text)];
    if (picture === null) throw notText(message, 'holds a picture');
    return picture(imageChunk(part), index);
  });
}

export function noForm({ role }: Message): RendererError {
  return new RendererError(`this renderer has no form for messages of role "${role}"`);
}

export function notText({ role }: Message, problem: string): RendererError {
  return new RendererError(`this renderer expects text, but a message of role "${role}" ${problem}`, {
    hint: 'Change the data, or use a renderer that knows such content.',
  });
}
