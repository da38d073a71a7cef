// Work in native code that holds the main thread, and that is known to end: a process that is asked to stop waits for it.

/** How many such calls are under way, in memory that other threads read. */
export const nativeWork = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Marks the time until an operation is over as work in native code. */
export async function inNativeCode<T>(operation: () => Promise<T>): Promise<T> {
  Atomics.add(nativeWork, 0, 1);
  try {
    return await operation();
  } finally {
    Atomics.sub(nativeWork, 0, 1);
  }
}
