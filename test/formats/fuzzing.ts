// What the fuzz tests of model files share: numbers that hostile headers hold, the one acceptable failure, and a bound on memory.
import { onTestFinished, vi } from 'vitest';
import { WeightsError } from '../../src/util/errors.ts';

/** Every run tries the same files. */
export const SEED = 20_260;

/** Zero, the neighbours of every limit of integers, and what is left when a sign or a half of a number is lost. */
export const HOSTILE_INTEGERS: readonly bigint[] = [
  7n,
  8n,
  15n,
  16n,
  24n,
  27n,
  31n,
  32n,
  40n,
  52n,
  53n,
  60n,
  62n,
  63n,
  64n,
]
  .flatMap((power) => [2n ** power - 1n, ...(power < 64n ? [2n ** power, 2n ** power + 1n] : [])])
  .concat(0n, 1n);

/** Runs `read`. Whether it succeeded; a WeightsError is the only way in which it may fail. */
export async function succeeds(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (error instanceof WeightsError) return false;
    throw error;
  }
}

/** Until the test ends: the most bytes that one array of numbers was made with. */
export function watchAllocations(): { largest: number } {
  const seen = { largest: 0 };
  const watch = <T extends new (...args: never[]) => { byteLength: number }>(original: T): T =>
    new Proxy(original, {
      construct(target, args, newTarget): object {
        // Before it is made: a length that cannot be had must be seen too.
        const [length] = args;
        const itemBytes = 'BYTES_PER_ELEMENT' in target ? Number(target.BYTES_PER_ELEMENT) : 1;
        if (typeof length === 'number') seen.largest = Math.max(seen.largest, length * itemBytes);
        return Reflect.construct(target, args, newTarget === target ? target : newTarget);
      },
    });
  vi.stubGlobal('ArrayBuffer', watch(ArrayBuffer));
  vi.stubGlobal('Uint8Array', watch(Uint8Array));
  vi.stubGlobal('Float32Array', watch(Float32Array));
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return seen;
}
