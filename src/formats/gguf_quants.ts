// The block formats of ggml that models are stored in, decoded to float32.
// Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h, arithmetic: src/ggml-quants.c there.
import { bfloat16ToFloat32, float16ToFloat32, float16Values } from './half.ts';

export type GgufDtype = 'F32' | 'F16' | 'BF16' | 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q8_0' | 'Q4_K' | 'Q6_K';

interface BlockFormat {
  /** Consecutive values of a row that make a block. */
  readonly values: number;
  readonly bytes: number;
  /** Fills `values` from as many whole blocks. The results are those of ggml to the bit: one rounding, at the end. */
  decode(blocks: Uint8Array<ArrayBuffer>, values: Float32Array): void;
}

export const GGUF_BLOCKS: Readonly<Record<GgufDtype, BlockFormat>> = {
  F32: { values: 1, bytes: 4, decode: (blocks, values) => values.set(new Float32Array(blocks.buffer)) },
  F16: { values: 1, bytes: 2, decode: (blocks, values) => float16ToFloat32(new Uint16Array(blocks.buffer), values) },
  BF16: { values: 1, bytes: 2, decode: (blocks, values) => bfloat16ToFloat32(new Uint16Array(blocks.buffer), values) },
  Q4_0: { values: 32, bytes: 18, decode: decodeQ4_0 },
  Q4_1: { values: 32, bytes: 20, decode: decodeQ4_1 },
  Q5_0: { values: 32, bytes: 22, decode: decodeQ5_0 },
  Q8_0: { values: 32, bytes: 34, decode: decodeQ8_0 },
  Q4_K: { values: 256, bytes: 144, decode: decodeQ4_K },
  Q6_K: { values: 256, bytes: 210, decode: decodeQ6_K },
};

export function isGgufDtype(name: string): name is GgufDtype {
  return Object.hasOwn(GGUF_BLOCKS, name);
}

/** Scale (float16), then 32 × 4 bits: the low halves of the bytes are the first 16 values, the high ones the others. */
function decodeQ4_0(blocks: Uint8Array, values: Float32Array): void {
  const half = float16Values();
  for (let at = 0, out = 0; out < values.length; at += 18, out += 32) {
    const scale = half[blocks[at] | (blocks[at + 1] << 8)];
    for (let j = 0; j < 16; j++) {
      const pair = blocks[at + 2 + j];
      values[out + j] = scale * ((pair & 15) - 8);
      values[out + j + 16] = scale * ((pair >> 4) - 8);
    }
  }
}

/** Scale and minimum (float16), then 32 × 4 bits as in Q4_0. */
function decodeQ4_1(blocks: Uint8Array, values: Float32Array): void {
  const half = float16Values();
  for (let at = 0, out = 0; out < values.length; at += 20, out += 32) {
    const scale = half[blocks[at] | (blocks[at + 1] << 8)];
    const minimum = half[blocks[at + 2] | (blocks[at + 3] << 8)];
    for (let j = 0; j < 16; j++) {
      const pair = blocks[at + 4 + j];
      values[out + j] = scale * (pair & 15) + minimum;
      values[out + j + 16] = scale * (pair >> 4) + minimum;
    }
  }
}

/** Scale (float16), the fifth bits of all 32 values, then their lower 4 bits as in Q4_0. */
function decodeQ5_0(blocks: Uint8Array, values: Float32Array): void {
  const half = float16Values();
  for (let at = 0, out = 0; out < values.length; at += 22, out += 32) {
    const scale = half[blocks[at] | (blocks[at + 1] << 8)];
    const fifth = blocks[at + 2] | (blocks[at + 3] << 8) | (blocks[at + 4] << 16) | (blocks[at + 5] << 24);
    for (let j = 0; j < 16; j++) {
      const pair = blocks[at + 6 + j];
      values[out + j] = scale * (((pair & 15) | (((fifth >>> j) & 1) << 4)) - 16);
      values[out + j + 16] = scale * (((pair >> 4) | (((fifth >>> (j + 16)) & 1) << 4)) - 16);
    }
  }
}

/** Scale (float16), then 32 signed bytes. */
function decodeQ8_0(blocks: Uint8Array, values: Float32Array): void {
  const half = float16Values();
  const signed = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.length);
  for (let at = 0, out = 0; out < values.length; at += 34, out += 32) {
    const scale = half[blocks[at] | (blocks[at + 1] << 8)];
    for (let j = 0; j < 32; j++) values[out + j] = scale * signed[at + 2 + j];
  }
}

/**
 * Scale of scales and scale of minima (float16), 8 scales and 8 minima of 6 bits in 12 bytes, then 256 × 4 bits: each 32
 * bytes are two sub-blocks of 32 values, the low halves first.
 */
function decodeQ4_K(blocks: Uint8Array, values: Float32Array): void {
  const half = float16Values();
  for (let at = 0, out = 0; out < values.length; at += 144, out += 256) {
    const scaleOfScales = half[blocks[at] | (blocks[at + 1] << 8)];
    const scaleOfMinima = half[blocks[at + 2] | (blocks[at + 3] << 8)];
    const packed = at + 4;
    for (let sub = 0; sub < 8; sub++) {
      // The first four have bytes of their own; the last four have 4 bits of another and 2 left over in those.
      const j = sub & 3;
      const scaleByte = blocks[packed + j];
      const minimumByte = blocks[packed + j + 4];
      const lastByte = blocks[packed + j + 8];
      const scale = scaleOfScales * (sub < 4 ? scaleByte & 63 : (lastByte & 15) | ((scaleByte >> 6) << 4));
      const minimum = scaleOfMinima * (sub < 4 ? minimumByte & 63 : (lastByte >> 4) | ((minimumByte >> 6) << 4));
      const quants = at + 16 + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let l = 0; l < 32; l++) {
        values[out + sub * 32 + l] = scale * ((blocks[quants + l] >> shift) & 15) - minimum;
      }
    }
  }
}

/**
 * 256 × lower 4 bits, 256 × upper 2 bits, 16 signed scales, one for 16 values, and their scale (float16). Each half of
 * the block is four runs of 32 values that share bytes.
 */
function decodeQ6_K(blocks: Uint8Array, values: Float32Array): void {
  const half = float16Values();
  const signed = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.length);
  for (let at = 0, out = 0; out < values.length; at += 210, out += 256) {
    const scaleOfScales = half[blocks[at + 208] | (blocks[at + 209] << 8)];
    for (let run = 0; run < 8; run++) {
      const part = run >> 2;
      const lower = at + part * 64 + (run & 1) * 32;
      const lowerShift = (run & 2) * 2;
      const upper = at + 128 + part * 32;
      const upperShift = (run & 3) * 2;
      for (let l = 0; l < 32; l++) {
        const scale = scaleOfScales * signed[at + 192 + run * 2 + (l >> 4)];
        const quant = ((blocks[lower + l] >> lowerShift) & 15) | (((blocks[upper + l] >> upperShift) & 3) << 4);
        values[out + run * 32 + l] = scale * (quant - 32);
      }
    }
  }
}
