// Work that is asked for more often than it is worth doing.

/**
 * Calls `work` soon, and no more often than every so many milliseconds, for the last of its calls.
 * @param {number} milliseconds
 * @param {() => unknown} work
 */
export function atMostEvery(milliseconds, work) {
  /** @type {number | null} */
  let timer = null;
  let last = 0;
  return () => {
    if (timer !== null) return;
    timer = window.setTimeout(
      () => {
        timer = null;
        last = Date.now();
        work();
      },
      Math.max(0, last + milliseconds - Date.now()),
    );
  };
}
