// What of a prompt is no text: which pictures are taken, and what is said of those that are not, and of sound.

import type { ImageChunk } from '../types.ts';
import { type FieldErrorKind, WireError } from './error.ts';

const FORMATS: readonly ImageChunk['format'][] = ['png', 'jpeg', 'webp'];
/** 32 bits on the wire. */
const MAX_LENGTH = 2 ** 31 - 1;

export function imageFormat(value: unknown, place: string): ImageChunk['format'] {
  const format = FORMATS.find((known) => known === value);
  if (format === undefined) throw new WireError(`${place}.format`, `must be one of ${FORMATS.join(', ')}`);
  return format;
}

export function lengthNeeded(value: unknown, place: string, Fault: FieldErrorKind = WireError): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_LENGTH) return value;
  throw new Fault(
    `${place}.expected_tokens`,
    `must be how many positions the picture takes, an integer from 0 to ${MAX_LENGTH}`,
    { hint: 'Count them as the image processor of the model does.' },
  );
}

export function audioRefused(place: string): WireError {
  return new WireError(place, 'holds sound, and only text and pictures are read');
}
