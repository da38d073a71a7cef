// Pictures in messages: data URLs, checked and decoded to chunks of the model's input.

import type { ImageChunk } from '../tinker/types.ts';
import { RendererError } from '../util/errors.ts';
import type { ImagePart } from './types.ts';

const DATA_URL = /^data:image\/(png|jpeg|webp);base64,/;
/** No model's context has room for more. */
const MOST_TOKENS = 1_000_000;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** How a file of each format begins, in hexadecimal; the four bytes of a WebP's length may be any. */
const SIGNATURES = { png: /^89504e470d0a1a0a/, jpeg: /^ffd8ff/, webp: /^52494646.{8}57454250/ };

export function imageChunk({ image, expected_tokens }: ImagePart): ImageChunk {
  const prefix = DATA_URL.exec(image);
  const format = formatOf(prefix?.[1]);
  if (prefix === null || format === null) {
    throw problem(`must be a data URL of a PNG, JPEG or WebP file, not ${JSON.stringify(image.slice(0, 40))}`);
  }
  const base64 = image.slice(prefix[0].length);
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) throw problem('is no base64 after "base64,"');
  const data = new Uint8Array(Buffer.from(base64, 'base64'));
  if (!SIGNATURES[format].test(Buffer.from(data.subarray(0, 12)).toString('hex'))) {
    throw problem(`says that it is ${format}, but its bytes are not`);
  }
  if (!Number.isSafeInteger(expected_tokens) || expected_tokens < 1 || expected_tokens > MOST_TOKENS) {
    throw problem(
      `needs "expected_tokens", a whole number from 1 to ${MOST_TOKENS}, not ${JSON.stringify(expected_tokens)}`,
    );
  }
  return { type: 'image', data, format, expected_tokens };
}

function formatOf(name: string | undefined): ImageChunk['format'] | null {
  return name === 'png' || name === 'jpeg' || name === 'webp' ? name : null;
}

function problem(what: string): RendererError {
  return new RendererError(`a picture in a message ${what}`, {
    hint: 'Write it as {type: "image", image: "data:image/png;base64,…", expected_tokens: N}, N being how many tokens the model\'s image processor makes of it.',
  });
}
