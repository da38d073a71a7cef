// Answers in a few words: how they are found in a reply, and when one is the one that was looked for.

/** As the script of SQuAD has it: in lower case, without punctuation, articles and double spaces. */
export function normalizedAnswer(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, '')
    .replace(/\b(a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ');
}

/** What stands behind the one `Answer:` of a reply, to its end; null for a reply with none, or with several. */
export function answerIn(reply: string): string | null {
  const parts = reply.split('Answer:');
  return parts.length === 2 ? parts[1].trim() : null;
}

/** Whether an answer is one of those that are right, apart from how it is written. */
export function isRight(answer: string, answers: readonly string[]): boolean {
  const given = normalizedAnswer(answer);
  return answers.some((right) => normalizedAnswer(right) === given);
}
