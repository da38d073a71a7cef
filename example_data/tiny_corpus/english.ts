// The few rules of English that the corpus needs: plurals, articles, capitals.

const IRREGULAR_PLURALS: Readonly<Record<string, string>> = {
  mouse: 'mice',
  goose: 'geese',
  sheep: 'sheep',
  fish: 'fish',
  deer: 'deer',
  wolf: 'wolves',
  shelf: 'shelves',
};

export function plural(noun: string): string {
  const irregular = IRREGULAR_PLURALS[noun];
  if (irregular !== undefined) return irregular;
  if (/(?:s|x|ch|sh|[^aeiou]o)$/.test(noun) && noun !== 'piano') return `${noun}es`;
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return `${noun}s`;
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "a horse", "an owl": "an" stands before the sound of a vowel. */
export function withArticle(phrase: string): string {
  const startsWithVowel = /^(?:[aeiou]|honest)/i.test(phrase) && !/^(?:one|use|uni)/i.test(phrase);
  return `${startsWithVowel ? 'an' : 'a'} ${phrase}`;
}

/**
 * Turns what a filled template says into a text: single spaces, none before punctuation, "an" where the template has "a"
 * before a vowel, and a capital at the start of every sentence. After `?"` and `!"` a sentence may go on, so there the
 * template says itself what is big.
 */
export function polish(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/ (?=[.,!?])/g, '')
    .trim()
    .replace(/\b([Aa]) ([A-Za-z]+)/g, (_, article: string, word: string) =>
      article === 'A' ? capitalize(withArticle(word)) : withArticle(word),
    )
    .replace(/(^"?|[.!?] "?|\." "?)([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
}
