// Decides whether a reply does what was asked; small differences of capitals and punctuation are forgiven.

export type Grader = (reply: string) => boolean;

/** The words of a reply in small letters, without punctuation. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+(?:'[a-z]+)?/g) ?? [];
}

/** The reply is this text and nothing more. */
export function says(text: string): Grader {
  const wanted = wordsOf(text).join(' ');
  return (reply) => wordsOf(reply).join(' ') === wanted;
}

/** The reply holds one of the right words and none of the wrong ones. */
export function mentions(right: readonly string[], wrong: readonly string[] = []): Grader {
  return (reply) => {
    const words = ` ${wordsOf(reply).join(' ')} `;
    const holds = (phrase: string) => words.includes(` ${wordsOf(phrase).join(' ')} `);
    return right.some(holds) && !wrong.some((phrase) => !right.includes(phrase) && holds(phrase));
  };
}

/** The reply's first word is this one. */
export function beginsWith(word: string): Grader {
  return (reply) => wordsOf(reply)[0] === word.toLowerCase();
}

/** All of several graders agree. */
export function all(...graders: readonly Grader[]): Grader {
  return (reply) => graders.every((accepts) => accepts(reply));
}

/** The reply ends a sentence and has at least this many of them. */
export function hasSentences(atLeast: number): Grader {
  return (reply) => /[.!?]"?$/.test(reply.trim()) && (reply.match(/[.!?]"?(?=\s|$)/g)?.length ?? 0) >= atLeast;
}
