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

/** The reply holds one of the right words (or phrases) and none of the wrong ones. A right word is not wrong. */
export function mentions(right: readonly string[], wrong: readonly string[] = []): Grader {
  const plain = (phrase: string): string => ` ${wordsOf(phrase).join(' ')} `;
  const rightOnes = right.map(plain);
  const wrongOnes = wrong.map(plain).filter((phrase) => !rightOnes.includes(phrase));
  return (reply) => {
    const words = plain(reply);
    return rightOnes.some((phrase) => words.includes(phrase)) && !wrongOnes.some((phrase) => words.includes(phrase));
  };
}

/** The reply names this number and no other. */
export function saysNumber(right: number): Grader {
  return (reply) => {
    const numbers = reply.match(/\d+/g) ?? [];
    return numbers.length > 0 && numbers.every((number) => number === String(right));
  };
}

/** The reply has this many words, both bounds included: enough for a sentence, too few to repeat the question. */
export function hasWords(least: number, most = Number.POSITIVE_INFINITY): Grader {
  return (reply) => {
    const { length } = wordsOf(reply);
    return length >= least && length <= most;
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
