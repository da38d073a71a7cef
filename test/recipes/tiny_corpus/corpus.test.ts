import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateTinyCorpus, type TinyDocument } from '../../../src/recipes/tiny_corpus/corpus.ts';

const textOf = (document: TinyDocument): string =>
  'text' in document ? document.text : document.messages.map(({ content }) => content).join('\n');

describe('the tiny corpus', () => {
  it('is a function of its seed', () => {
    const digest = (seed: number) =>
      createHash('sha256')
        .update(JSON.stringify([...generateTinyCorpus({ seed, documents: 1000 })]))
        .digest('hex');
    expect(digest(0)).toBe(digest(0));
    expect(digest(0)).not.toBe(digest(1));
  });

  it('writes "an" before a vowel and "a" before a consonant', () => {
    for (const document of generateTinyCorpus({ seed: 3, documents: 5000 })) {
      expect(textOf(document)).not.toMatch(/(?:^|[^\w ]) ?(?:an (?!honest)[b-df-hj-np-tv-z]|a (?!one)[aeio])/i);
    }
  });
});
