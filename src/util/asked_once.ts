// A question whose answer stays: it is asked once, and anew only where it failed.

/** Whoever asks at the same time shares one answer, or one failure. */
export function askedOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    if (answer !== null) return answer;
    const asked = ask();
    answer = asked;
    asked.catch(() => {
      answer = null;
    });
    return asked;
  };
}
