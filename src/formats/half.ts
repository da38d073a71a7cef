// The two 16-bit floating-point formats of model files, widened to and rounded from 32 bits in bulk.

let float16Table: Float32Array | undefined;

/** Value of every float16 bit pattern, by the pattern: 256 KiB, built when it is first needed. */
export function float16Values(): Float32Array {
  float16Table ??= Float32Array.from({ length: 0x10000 }, (_, pattern) => float16Value(pattern));
  return float16Table;
}

/** Value of a float16 (IEEE 754 binary16) bit pattern. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Widens `bits` into `values`, which may share its memory when `bits` is the upper half of it. */
export function float16ToFloat32(bits: Uint16Array, values: Float32Array): void {
  const table = float16Values();
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]];
}

/** As `float16ToFloat32`, for bfloat16: the upper 16 bits of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array, values: Float32Array): void {
  const valueBits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) valueBits[i] = bits[i] << 16;
}

/** Rounds to the nearest float16, ties to even. A finite value above the largest float16 becomes infinity. */
export function float32ToFloat16(values: Float32Array, bits: Uint16Array): void {
  const valueBits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const pattern = valueBits[i];
    const sign = (pattern >>> 16) & 0x8000;
    const magnitude = pattern & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) bits[i] = sign | 0x7e00;
    else if (magnitude >= 0x4780_0000) bits[i] = sign | 0x7c00;
    else if (magnitude >= 0x3880_0000) bits[i] = sign | roundShift(magnitude - 0x3800_0000, 13);
    else if (magnitude >= 0x3300_0000) {
      // A subnormal float16 counts units of 2^-24: shift the full significand until its unit is that.
      bits[i] = sign | roundShift((magnitude & 0x7f_ffff) | 0x80_0000, 126 - (magnitude >>> 23));
    } else bits[i] = sign;
  }
}

/** Rounds to the nearest bfloat16, ties to even. */
export function float32ToBfloat16(values: Float32Array, bits: Uint16Array): void {
  const valueBits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const pattern = valueBits[i];
    // Rounding the significand of a NaN could carry it into infinity; a set quiet bit keeps it one.
    if ((pattern & 0x7fff_ffff) > 0x7f80_0000) bits[i] = (pattern >>> 16) | 0x40;
    else bits[i] = roundShift(pattern, 16);
  }
}

/** `value / 2^shift` to the nearest integer, ties to even; a carry runs into the exponent, as it should. */
function roundShift(value: number, shift: number): number {
  const quotient = value >>> shift;
  const rest = value - quotient * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (quotient & 1) === 1) ? quotient + 1 : quotient;
}
