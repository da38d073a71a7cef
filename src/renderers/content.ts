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

/** What an assistant thought and what it said, each joined. */
export function thoughtAndSaid(message: Message): { thinking: string; text: string } {
  if (typeof message.content === 'string') return { thinking: '', text: message.content };
  const thinking = message.content.map((part) => (part.type === 'thinking' ? part.thinking : '')).join('');
  const others = message.content.filter((part) => part.type !== 'thinking');
  return { thinking, text: textOf({ ...message, content: others }) };
}

/**
 * Reasoning inside of a string, as chat templates find it: it ends at the first closing tag, after the last opening one before
 * that; what is said follows the last closing one.
 */
export function splitThinking(text: string): { thinking: string; text: string } {
  if (!text.includes('</think>')) return { thinking: '', text };
  const before = text.slice(0, text.indexOf('</think>'));
  return { thinking: before.split('<think>').at(-1) ?? '', text: text.split('</think>').at(-1) ?? '' };
}

export type VisiblePart = TextPart | ImagePart;

/** Reasoning, and what else a message shows. Reasoning in a string counts as what it is only where `inStrings`. */
export function spokenOf(message: Message, inStrings: boolean): { thinking: string; parts: VisiblePart[] } {
  const { content, role } = message;
  const isAssistant = role === 'assistant';
  if (typeof content === 'string') {
    const { thinking, text } = isAssistant && inStrings ? splitThinking(content) : { thinking: '', text: content };
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

export function notText({ role }: Message, problem: string): RendererError {
  return new RendererError(`this renderer expects text, but a message of role "${role}" ${problem}`, {
    hint: 'Change the data, or use a renderer that knows such content.',
  });
}
