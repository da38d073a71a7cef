// What of a prompt is no text: which pictures are taken, and what is said of those that are not, and of sound.

import type { ImageChunk } from '../types.ts';
import { WireError } from './error.ts';

const FORMATS: readonly ImageChunk['format'][] = ['png', 'jpeg', 'webp'];

export function imageFormat(value: unknown, place: string): ImageChunk['format'] {
  const format = FORMATS.find((known) => known === value);
  if (format === undefined) throw new WireError(`${place}.format`, `must be one of ${FORMATS.join(', ')}`);
  return format;
}

export function lengthNeeded(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new WireError(`${place}.expected_tokens`, 'must be how many positions the picture takes, an integer from 0', {
    hint: 'Count them as the image processor of the model does.',
  });
}

export function audioRefused(place: string): WireError {
  return new WireError(place, 'holds sound, and only text and pictures are read');
}
