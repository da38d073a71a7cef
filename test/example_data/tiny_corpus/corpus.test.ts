import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { carries, isFamiliar } from '../../../example_data/tiny_corpus/arithmetic.ts';
import { generateTinyCorpus, type TinyDocument } from '../../../example_data/tiny_corpus/corpus.ts';
import { wordsOf } from '../../../example_data/tiny_corpus/grading.ts';
import { isHeldOutSum } from '../../../example_data/tiny_corpus/held_out.ts';
import { LEXICON } from '../../../example_data/tiny_corpus/lexicon.ts';
import { Random } from '../../../example_data/tiny_corpus/random.ts';
import { drawTask, TASK_KINDS } from '../../../example_data/tiny_corpus/tasks.ts';

const documents = [...generateTinyCorpus({ seed: 3, documents: 20_000 })];

function partsOf(document: TinyDocument): string[] {
  return 'text' in document ? [document.text] : document.messages.map(({ content }) => String(content));
}

const prose = documents.flatMap((document) =>
  'text' in document && document.kind !== 'sums' && document.kind !== 'echo' ? [document.text] : [],
);

/** Every piece of the texts that breaks a rule, with what stands around it. */
function violations(texts: readonly string[], rule: RegExp): string[] {
  return texts.flatMap((text) => [...text.matchAll(rule)].map(({ index }) => text.slice(index, index + 60)));
}

/** Every `a + b`, `a plus b` and `a and b` of the corpus. */
const sums = documents
  .filter(({ kind }) => kind === 'arithmetic' || kind === 'sums')
  .flatMap(partsOf)
  .flatMap((text) => [...text.matchAll(/(\d+) (?:\+|plus|and) (\d+)/g)])
  .map(([, a, b]): [number, number] => [Number(a), Number(b)]);

describe('the tiny corpus', () => {
  it('has the same first thousand documents everywhere', () => {
    const first = JSON.stringify([...generateTinyCorpus({ seed: 0, documents: 1000 })]);
    expect(createHash('sha256').update(first).digest('hex')).toMatchInlineSnapshot(
      `"0e7c648baff6ade40b0fdc87e19a53b84d718db3eef0696c5791bf748dd994ec"`,
    );
  });

  it('begins the same however long it gets, and differently for another seed', () => {
    const start = [...generateTinyCorpus({ seed: 3, documents: 50 })];
    expect(documents.slice(0, 50)).toEqual(start);
    expect([...generateTinyCorpus({ seed: 4, documents: 50 })]).not.toEqual(start);
  });

  it('mixes texts, conversations, echoes and sums in about the proportions 36 : 44 : 12 : 8', () => {
    const percent = (...kinds: string[]) =>
      Math.round((100 * documents.filter(({ kind }) => kinds.includes(kind)).length) / documents.length);
    expect({
      texts: percent('story', 'description', 'explanation', 'world'),
      conversations: percent('instruction', 'chat'),
      echoes: percent('echo'),
      sums: percent('arithmetic', 'sums'),
    }).toMatchInlineSnapshot(`
      {
        "conversations": 44,
        "echoes": 12,
        "sums": 8,
        "texts": 36,
      }
    `);
  });

  it('keeps to a small vocabulary', () => {
    const words = new Set(documents.flatMap(partsOf).flatMap(wordsOf));
    const named = [...words].filter((word) => /^[a-z']{2,}$/.test(word));
    expect(named.length).toBeGreaterThan(900);
    expect(named.length).toBeLessThan(1500);
  });

  it('hardly ever repeats a story', () => {
    const stories = documents.flatMap((document) => (document.kind === 'story' ? partsOf(document) : []));
    expect(new Set(stories).size).toBeGreaterThan(0.99 * stories.length);
  });

  it('alternates user and assistant, ends with the assistant and says something each time', () => {
    for (const document of documents) {
      if ('text' in document) continue;
      const turns = document.messages.filter(({ role }) => role !== 'system');
      expect(turns.map(({ role }) => role)).toEqual(turns.map((_, i) => (i % 2 === 0 ? 'user' : 'assistant')));
      expect(turns.length % 2).toBe(0);
      expect(partsOf(document).every((content) => content.trim() === content && content !== '')).toBe(true);
    }
  });
});

describe('its echoes', () => {
  const echoes = documents.flatMap((document) => (document.kind === 'echo' ? partsOf(document) : []));

  it('say every word, or its letters, at least twice', () => {
    for (const text of echoes.slice(0, 500)) {
      const plain = text.toLowerCase().replaceAll(/\b([a-z]+): ((?:[a-z] )*[a-z])\./g, (_, word, letters) => {
        return `${word} ${letters.replaceAll(' ', '')}`;
      });
      const frame = new Set(['says', 'first', 'last', 'all', 'who', 'what', 'has']);
      const names = new Set(LEXICON.person.map((person) => person.text.toLowerCase()));
      const words = wordsOf(plain).filter((word) => !frame.has(word) && !names.has(word));
      const once = words.filter((word) => words.indexOf(word) === words.lastIndexOf(word));
      expect(once, text).toEqual([]);
    }
  });
});

describe('its English', () => {
  it('leaves no mark of a template', () => {
    expect(violations(documents.flatMap(partsOf), /[{}<>|()]| {2}| [.,!?]|undefined/g)).toEqual([]);
  });

  it('writes "an" before a vowel sound and "a" before a consonant', () => {
    expect(violations(prose, /\b(?:an (?!honest)[b-df-hj-np-tv-z]|a (?:[aeio]|honest))/gi)).toEqual([]);
  });

  it('begins every sentence with a capital and ends it with a mark', () => {
    expect(violations(prose, /(?:^|[.!] |\." )"?[a-z]/g)).toEqual([]);
    expect(prose.filter((text) => !/[.!?]"?$/.test(text))).toEqual([]);
    expect(violations(prose, /[.!?]"?[.!?]/g)).toEqual([]);
  });

  it('makes verbs agree with pronouns', () => {
    expect(violations(prose, /(?<!and )\b(?:he|she|it) (?:are|were|have|do|go)\b/gi)).toEqual([]);
    expect(violations(prose, /\b(?:they|we|you) (?:is|was|has|does|goes)\b/gi)).toEqual([]);
    expect(violations(prose, /\bI (?:is|are|has|does)\b/g)).toEqual([]);
  });

  it('puts a plural after a number', () => {
    const singular = Object.values(LEXICON)
      .flat()
      .filter((entry) => 's' in entry && entry.s !== entry.text)
      .map(({ text }) => text);
    const rule = new RegExp(
      `\\b(?:two|three|four|five|six|seven|eight|nine|ten|many) (?:${singular.join('|')})\\b(?! tree)`,
      'g',
    );
    expect(violations(prose, rule)).toEqual([]);
  });

  it('calls girls "she" and boys "he"', () => {
    const pronouns = new Map(LEXICON.person.map(({ text, he }) => [text, he]));
    const seen = prose.flatMap((text) => [
      ...text.matchAll(/\b([A-Z][a-z]+) (?:was|is) a \w+ (?:and \w+ )?(girl|boy)\b/g),
    ]);
    expect(seen.length).toBeGreaterThan(250);
    for (const [text, name, kid] of seen) expect(kid === 'girl' ? 'she' : 'he', text).toBe(pronouns.get(name));
  });
});

describe('what is held out', () => {
  it('never occurs as a sum, in either order', () => {
    expect(sums.length).toBeGreaterThan(5000);
    expect(sums.filter(([a, b]) => isHeldOutSum(a, b))).toEqual([]);
  });

  it('is about a tenth of all sums', () => {
    let heldOut = 0;
    for (let a = 0; a <= 99; a++) for (let b = 0; b <= 99; b++) if (isHeldOutSum(a, b)) heldOut++;
    expect(heldOut / 10_000).toBeGreaterThan(0.09);
    expect(heldOut / 10_000).toBeLessThan(0.11);
  });

  it('never occurs as an instruction', () => {
    const asked = new Set(
      documents.flatMap((document) =>
        'text' in document ? [] : document.messages.filter(({ role }) => role === 'user').map(({ content }) => content),
      ),
    );
    const random = new Random(11);
    for (const kind of TASK_KINDS.keys()) {
      const heldOut = Array.from({ length: 50 }, () => drawTask(random, kind, 'evaluation'));
      const leaked = heldOut.filter(({ system, prompt }) => system === undefined && asked.has(prompt));
      expect(leaked).toEqual([]);
    }
  });
});

describe('its sums', () => {
  it('are right', () => {
    const shown = documents
      .flatMap((document) => (document.kind === 'sums' ? partsOf(document) : []))
      .flatMap((text) => text.split('\n'));
    for (const line of shown) {
      const [a, b, sum] = line.split(/ [+=] /).map(Number);
      expect(a + b, line).toBe(sum);
    }
  });

  it('are all but a few familiar, and half of all there are', () => {
    const share = sums.filter(([a, b]) => !isFamiliar(a, b)).length / sums.length;
    expect(share).toBeGreaterThan(0.005);
    expect(share).toBeLessThan(0.05);
    let familiar = 0;
    for (let a = 0; a <= 99; a++) for (let b = 0; b <= 99; b++) if (isFamiliar(a, b)) familiar++;
    expect(familiar / 10_000).toBeCloseTo(0.52, 1);
  });

  it.each([
    [12, 7, false],
    [0, 0, false],
    [45, 54, false],
    [8, 2, true],
    [50, 50, true],
    [95, 4, false],
    [99, 1, true],
  ])('%i + %i carries: %s', (a, b, expected) => {
    expect(carries(a, b)).toBe(expected);
  });
});
