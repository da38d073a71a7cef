import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plural, polish, withArticle } from '../../../example_data/tiny_corpus/english.ts';
import { LEXICON } from '../../../example_data/tiny_corpus/lexicon.ts';
import { Random } from '../../../example_data/tiny_corpus/random.ts';
import { Scene } from '../../../example_data/tiny_corpus/scene.ts';

const seeds = fc.integer();

describe('a scene', () => {
  it('lets a slot stand for the same word throughout', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [first, second] = new Scene(new Random(seed)).tell('{toy} {toy}').toLowerCase().split(' ');
        expect(first).toBe(second);
      }),
    );
  });

  it('lets numbered slots and different persons stand for different words', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const words = new Scene(new Random(seed))
          .tell('{color} {color2} {color3} {A} {B} {C}')
          .toLowerCase()
          .split(' ');
        expect(new Set(words).size).toBe(6);
      }),
    );
  });

  it('makes every choice there is, also inside another and an empty one', () => {
    const random = new Random(0);
    const told = () => new Scene(random).tell('one(| two( three| four)) five');
    const outcomes = new Set(Array.from({ length: 100 }, told));
    expect([...outcomes].sort()).toEqual(['One five', 'One two four five', 'One two three five']);
  });

  it('calls phrases, which share its words', () => {
    const scene = new Scene(new Random(1), { greeting: ['{A} waved.'] });
    expect(scene.tell('{A} came. <greeting>')).toBe(`${scene.word('A')} came. ${scene.word('A')} waved.`);
  });

  it('takes the form of a word that a sentence needs, with a capital where asked', () => {
    const scene = new Scene(new Random(0)).bind('it', { text: 'mouse', s: 'mice', he: 'it' });
    expect(scene.tell('the {it}, some {it.s}, "Oh!" {it.He} ran.')).toBe('The mouse, some mice, "Oh!" It ran.');
  });

  it.each([
    ['{nothing}', 'no category of words named "nothing"'],
    ['{color.past}', 'has no form "past"'],
    ['<nothing>', 'no phrases named "nothing"'],
  ])('refuses the template %s', (template, message) => {
    expect(() => new Scene(new Random(0)).tell(template)).toThrow(message);
  });
});

describe('English', () => {
  it.each([
    ['cat', 'cats'],
    ['box', 'boxes'],
    ['cherry', 'cherries'],
    ['donkey', 'donkeys'],
    ['potato', 'potatoes'],
    ['piano', 'pianos'],
    ['wolf', 'wolves'],
    ['sheep', 'sheep'],
    ['bench', 'benches'],
  ])('%s, %s', (one, many) => {
    expect(plural(one)).toBe(many);
  });

  it.each(['an owl', 'a horse', 'an honest man', 'a useful tool', 'an orange'])('%s', (phrase) => {
    expect(withArticle(phrase.replace(/^an? /, ''))).toBe(phrase);
  });

  it.each([
    ['a owl  saw a cat . it ran', 'An owl saw a cat. It ran'],
    ['"come ," said Mia. "a egg!" she said. "no?" he asked', '"Come," said Mia. "An egg!" she said. "No?" he asked'],
    ['"go." then he went', '"Go." Then he went'],
  ])('makes a text of %j', (raw, text) => {
    expect(polish(raw)).toBe(text);
  });

  it('has no word twice in a category', () => {
    for (const [category, entries] of Object.entries(LEXICON)) {
      const texts = entries.map((entry) => Object.values(entry).join(' '));
      expect(new Set(texts).size, category).toBe(texts.length);
    }
  });
});

describe('random choices', () => {
  it('sample distinct members', () => {
    fc.assert(
      fc.property(seeds, fc.uniqueArray(fc.integer(), { minLength: 1 }), fc.nat(), (seed, items, n) => {
        const count = n % (items.length + 1);
        const sample = new Random(seed).sample(items, count);
        expect(new Set(sample).size).toBe(count);
        expect(sample.every((item) => items.includes(item))).toBe(true);
      }),
    );
  });

  it('follow weights', () => {
    const random = new Random(0);
    const counts = { rare: 0, common: 0, never: 0 };
    for (let i = 0; i < 10_000; i++) {
      counts[random.weighted([[1, 'rare'] as const, [0, 'never'] as const, [9, 'common'] as const])]++;
    }
    expect(counts.never).toBe(0);
    expect(counts.rare / 10_000).toBeCloseTo(0.1, 1);
  });
});
