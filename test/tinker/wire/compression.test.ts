import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  BodyTooLargeError,
  compressBody,
  decompressBody,
  HAS_ZSTD,
  UnknownEncodingError,
} from '../../../src/tinker/wire/compression.ts';
import { WireError } from '../../../src/tinker/wire/error.ts';

const MEBIBYTE = 2 ** 20;
const body = Buffer.from('the body '.repeat(1000));

it.each([undefined, '', 'identity', 'gzip', 'GZIP', 'x-gzip'])('a body in %j is read', async (encoding) => {
  const sent = encoding?.toLowerCase().includes('gzip') ? gzipSync(body) : body;
  expect(Buffer.from(await decompressBody(sent, encoding, body.length))).toEqual(body);
});

it('a body that is larger than what is taken is refused', async () => {
  await expect(decompressBody(body, undefined, body.length - 1)).rejects.toThrow(BodyTooLargeError);
  await expect(decompressBody(gzipSync(body), 'gzip', body.length - 1)).rejects.toThrow(
    `the body is larger than ${body.length - 1} bytes`,
  );
});

it('what unfolds to much more than is taken is refused before memory is taken for it', async () => {
  const bomb = gzipSync(Buffer.alloc(128 * MEBIBYTE));
  const before = process.memoryUsage().arrayBuffers;
  await expect(decompressBody(bomb, 'gzip', MEBIBYTE)).rejects.toThrow(BodyTooLargeError);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MEBIBYTE);
});

it('a body that is damaged or cut short is refused', async () => {
  await expect(decompressBody(body, 'gzip', MEBIBYTE)).rejects.toThrow('the body is not gzip');
  await expect(decompressBody(gzipSync(body).subarray(0, -9), 'gzip', MEBIBYTE)).rejects.toThrow(WireError);
});

it('an encoding that is not known is refused with those that are', async () => {
  await expect(decompressBody(body, 'br', MEBIBYTE)).rejects.toThrow(UnknownEncodingError);
  await expect(decompressBody(body, 'br', MEBIBYTE)).rejects.toThrow('Content-Encoding: "br" is not known here');
});

describe.runIf(HAS_ZSTD)('with a Node that has zstd', () => {
  it('what is compressed is read again', async () => {
    const compressed = await compressBody(body);
    expect(compressed?.body.length).toBeLessThan(body.length / 10);
    expect(Buffer.from(await decompressBody(compressed?.body ?? body, compressed?.encoding, body.length))).toEqual(
      body,
    );
  });

  it('what unfolds to more than is taken, or is damaged, is refused', async () => {
    const bomb = await compressBody(Buffer.alloc(64 * MEBIBYTE));
    await expect(decompressBody(bomb?.body ?? body, 'zstd', MEBIBYTE)).rejects.toThrow(BodyTooLargeError);
    await expect(decompressBody(body, 'zstd', MEBIBYTE)).rejects.toThrow('the body is not zstd');
  });
});

describe.skipIf(HAS_ZSTD)('with a Node that has no zstd', () => {
  it('nothing is compressed, and what comes so is refused with what to do', async () => {
    expect(await compressBody(body)).toBeNull();
    await expect(decompressBody(body, 'zstd', MEBIBYTE)).rejects.toMatchObject({
      name: 'UnknownEncodingError',
      hint: 'Send it as gzip or as it is, or run the service on Node 22.15 or later.',
    });
  });
});
