// IFEval: every instruction with replies that follow it and replies that do not, strictly and loosely, and the four accuracies.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benchmarkResult } from '../../src/evaluation/benchmark_result.ts';
import { INSTRUCTION_IDS, instructionOf } from '../../src/recipes/ifeval/instructions.ts';
import { instructionLevel, looseVariants } from '../../src/recipes/ifeval/problem.ts';
import { languageOf, sentencesOf } from '../../src/recipes/ifeval/texts.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { benchmark, judged } from './support/benchmark.ts';

const GERMAN = 'Der schnelle braune Fuchs springt über den faulen Hund und läuft in den Wald.';
const ENGLISH = 'The quick brown fox jumps over the lazy dog and runs into the forest.';

const CASES: [id: string, kwargs: JsonObject, follow: string[], fail: string[]][] = [
  ['keywords:existence', { keywords: ['fox', 'Dog'] }, ['A FOX and a dog'], ['a fox', '']],
  ['keywords:frequency', { keyword: 'fox', frequency: 2, relation: 'at least' }, ['fox, Fox'], ['fox']],
  ['keywords:frequency', { keyword: 'fox', frequency: 2, relation: 'less than' }, ['fox', 'none'], ['fox fox']],
  ['keywords:forbidden_words', { forbidden_words: ['cat', 'C++'] }, ['concatenate'], ['a Cat!', 'in C++.']],
  ['keywords:letter_frequency', { letter: 'q', let_frequency: 2, let_relation: 'at least' }, ['Qq'], ['q']],
  ['keywords:letter_frequency', { letter: '!', let_frequency: 1, let_relation: 'less than' }, ['a'], ['a!']],
  ['language:response_language', { language: 'de' }, [GERMAN], [ENGLISH]],
  [
    'length_constraints:number_sentences',
    { num_sentences: 2, relation: 'less than' },
    ['One by Mr. Smith.'],
    ['One. Two.'],
  ],
  [
    'length_constraints:number_sentences',
    { num_sentences: 3, relation: 'at least' },
    ['A cat? A dog! And\na fox.'],
    ['A cat\nand a dog.'],
  ],
  [
    'length_constraints:number_paragraphs',
    { num_paragraphs: 2 },
    ['a\n***\nb', '***\na\n***\nb'],
    ['a', 'a\n***\n***\nb', 'a *** b *** c'],
  ],
  ['length_constraints:number_words', { num_words: 3, relation: 'at least' }, ['one, two, drei'], ['one-two']],
  ['length_constraints:number_words', { num_words: 3, relation: 'less than' }, ['one two'], ['one two three']],
  [
    'length_constraints:nth_paragraph_first_word',
    { num_paragraphs: 2, nth_paragraph: 2, first_word: 'president' },
    ['Hello.\n\n"President," he said'],
    ['President.\n\nHello', 'a\n\npresident\n\nc', 'a\n\npresidents'],
  ],
  ['detectable_content:number_placeholders', { num_placeholders: 2 }, ['[name] lives at [address]'], ['[name]']],
  ['detectable_content:postscript', { postscript_marker: 'P.S.' }, ['Bye.\nP.S. More', 'p. s. more'], ['Bye. PS more']],
  ['detectable_content:postscript', { postscript_marker: 'P.P.S' }, ['P.P.S more', 'P. P. S. more'], ['P.S. more']],
  [
    'detectable_format:number_bullet_lists',
    { num_bullets: 2 },
    ['* a\n* b', ' - a\ntext\n- b'],
    ['* a', '* a\n* b\n- c', '**a**\n* b'],
  ],
  ['detectable_format:constrained_response', {}, ['Well. My answer is maybe.'], ['My answer is perhaps.', 'yes']],
  ['detectable_format:number_highlighted_sections', { num_highlights: 2 }, ['*a* and **b c**'], ['*a*', '** ** *a*']],
  [
    'detectable_format:multiple_sections',
    { section_spliter: 'SECTION', num_sections: 2 },
    ['SECTION 1\na\nSECTION 2\nb'],
    ['SECTION 1', 'Section 1 Section 2'],
  ],
  [
    'detectable_format:json_format',
    {},
    ['{"a": 1}', '```json\n{"a": [1]}\n```', '```\n[]\n```'],
    ['{a: 1}', 'Here: {}'],
  ],
  ['detectable_format:title', {}, ['<<Joy>>\ntext', 'a <<b>> c'], ['<< >>', '<joy>', '<<a\nb>>']],
  [
    'combination:two_responses',
    {},
    ['a\n******\nb', '******\na\n******\nb\n******'],
    ['a', 'a ****** a', 'a ****** b ****** c', 'a ****** ****** b'],
  ],
  [
    'combination:repeat_prompt',
    { prompt_to_repeat: 'Write a poem.' },
    ['write a poem.\nRoses'],
    ['Roses. Write a poem.'],
  ],
  [
    'startend:end_checker',
    { end_phrase: 'That is all.' },
    ['Well. that is all.\n', '"Well. That is all."'],
    ['That is all. Bye'],
  ],
  [
    'change_case:capital_word_frequency',
    { capital_relation: 'at least', capital_frequency: 2 },
    ['THE END is near'],
    ['The END 123'],
  ],
  ['change_case:english_capital', {}, [ENGLISH.toUpperCase(), 'OK'], [ENGLISH, GERMAN.toUpperCase(), '123']],
  ['change_case:english_lowercase', {}, [ENGLISH.toLowerCase(), 'ok 1'], [ENGLISH, GERMAN.toLowerCase(), '123']],
  ['punctuation:no_comma', {}, ['a; b'], ['a, b']],
  ['startend:quotation', {}, ['"a\nb"\n'], ['"a', '"', "'a'"]],
];

describe('instructions', () => {
  it.each(CASES)('%s %j', (id, kwargs, follow, fail) => {
    const follows = instructionOf(id, kwargs);
    expect(follow.filter((reply) => !follows(reply))).toEqual([]);
    expect(fail.filter((reply) => follows(reply))).toEqual([]);
  });

  it('are all there, and all tested', () => {
    expect(INSTRUCTION_IDS).toHaveLength(25);
    expect([...new Set(CASES.map(([id]) => id))].sort()).toEqual([...INSTRUCTION_IDS].sort());
  });

  it.each<[string, JsonObject, string]>([
    ['keywords:existance', {}, 'unknown instruction "keywords:existance"; did you mean "keywords:existence"?'],
    ['toString', {}, 'unknown instruction "toString"'],
    ['keywords:existence', { keywords: [] }, 'keywords: must be a list of texts, not an empty list'],
    ['keywords:frequency', { keyword: 'a', frequency: 'b', relation: 'at least' }, 'frequency: must be a number'],
    [
      'keywords:frequency',
      { keyword: 'a', frequency: 1, relation: 'more' },
      'relation: must be "less than" or "at least"',
    ],
    ['language:response_language', { language: 'xx' }, 'language: "xx" is none that can be told'],
  ])('%s %j is refused', (id, kwargs, message) => expect(() => instructionOf(id, kwargs)).toThrow(message));
});

it.each([
  [ENGLISH, 'en'],
  [GERMAN, 'de'],
  ['ನಾನು ಕನ್ನಡ ಮಾತನಾಡುತ್ತೇನೆ ಮತ್ತು ಇದು ನನ್ನ ಮನೆ', 'kn'],
  ['मैं हिंदी बोलता हूँ और यह मेरा घर है', 'hi'],
  ['Ninazungumza Kiswahili na nyumba yangu ni nzuri sana kwa sababu ni kubwa', 'sw'],
  ['من فارسی صحبت می کنم و این خانه من است', 'fa'],
  ['میں اردو بولتا ہوں اور یہ میرا گھر ہے', 'ur'],
  ['yes', null],
])('%s is of language %s', (text, language) => expect(languageOf(text)).toBe(language));

it('counts sentences as readers do', () => {
  const counts = [
    'Dr. Who is here. J. Doe too!',
    'It costs 3.50 dollars. Really?',
    'Title\nwithout an end\n\nA sentence.',
    '… !',
    '',
  ];
  expect(counts.map((text) => sentencesOf(text).length)).toEqual([2, 2, 1, 0, 0]);
});

describe('of texts that only a broken model writes', () => {
  const LENGTH = 200_000;
  const filled = (...pieces: string[]) => pieces.join('').repeat(LENGTH / pieces.join('').length);
  const HOSTILE: [name: string, reply: string][] = [
    ['line breaks', filled('\n')],
    ['line breaks before a word', `${filled('\n')}x`],
    ['blanks between words', `x${filled(' ')}x`],
    ['a bullet before blanks', `*${filled(' ')}`],
    ['lines of blanks', filled(' ', '\n')],
    ['quotes between words', `x${filled('"')}x`],
    ['quotes', filled('"')],
    ['exclamation marks between letters', `x\n\nx${filled('!')}x`],
    ['an asterisk before a long line', `*${filled('x')}`],
    ['asterisks', filled('*')],
    ['asterisks that close nothing', filled('* ')],
    ['titles that never end', filled('<')],
    ['brackets', filled('[')],
    ['initials', filled('J. ')],
    ['initials among line breaks', filled('J.', '\n')],
  ];

  it.each(HOSTILE)('%s are passed over once by every instruction', (_, reply) => {
    const slow = CASES.flatMap(([id, kwargs]) => {
      const follows = instructionOf(id, kwargs);
      const began = performance.now();
      follows(reply);
      // Far more than it takes on any machine, and far less than where each character is compared with all others.
      return performance.now() - began > 5000 ? [id] : [];
    });
    expect(slow).toEqual([]);
  });
});

describe('what is read in one pass is what the plain expression says:', () => {
  const texts = fc.array(fc.constantFrom('*', '**', '-', '<<', '>', '"', '!', ' ', '\n', '\r', '\u2028', 'a', 'Bé'), {
    maxLength: 12,
  });
  const same = (id: string, kwargs: JsonObject, plain: (reply: string) => boolean) => {
    const follows = instructionOf(id, kwargs);
    fc.assert(
      fc.property(texts, (pieces) => {
        const reply = pieces.join('');
        expect([reply, follows(reply)]).toEqual([reply, plain(reply)]);
      }),
      { numRuns: 2000 },
    );
  };

  it.each([0, 1, 2])('%i bullets', (num_bullets) =>
    same(
      'detectable_format:number_bullet_lists',
      { num_bullets },
      (reply) => [...reply.matchAll(/^\s*(?:\*(?!\*)|-(?!-)).*\S/gm)].length === num_bullets,
    ),
  );

  it.each([1, 2])('%i highlights', (num_highlights) =>
    same('detectable_format:number_highlighted_sections', { num_highlights }, (reply) => {
      const plain = /\*\*[^\n*]*[^\n*\s][^\n*]*\*\*|\*[^\n*]*[^\n*\s][^\n*]*\*/g;
      return [...reply.matchAll(plain)].length >= num_highlights;
    }),
  );

  it('titles', () =>
    same('detectable_format:title', {}, (reply) =>
      [...reply.matchAll(/<<([^\n]+?)>>/g)].some(([, title = '']) => title.replaceAll(/[<>]/g, '').trim() !== ''),
    ));

  it('ends', () =>
    same('startend:end_checker', { end_phrase: 'a' }, (reply) =>
      reply
        .trim()
        .replace(/^"+|"+$/g, '')
        .trim()
        .toLowerCase()
        .endsWith('a'),
    ));

  it('first words', () =>
    same(
      'length_constraints:nth_paragraph_first_word',
      { num_paragraphs: 1, nth_paragraph: 1, first_word: 'a' },
      (reply) => {
        const paragraphs = reply.split(/\n\n/).filter((paragraph) => paragraph.trim() !== '');
        const [word = ''] = (paragraphs[0] ?? '').trim().split(/\s/);
        return (
          paragraphs.length === 1 && word.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '').toLowerCase() === 'a'
        );
      },
    ));

  it('sentences', () => {
    const ABBREVIATION = /(?:^|[\s("'])(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|etc|e\.g|i\.e|no|fig|inc|ltd|co|[a-z])\.\s*$/i;
    const plain = (text: string) => {
      const sentences: string[] = [];
      const joined = text.replaceAll(/\s*\n\s*/g, ' ').trim();
      for (const { segment } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(joined)) {
        const before = sentences.at(-1);
        if (before !== undefined && ABBREVIATION.test(before)) sentences[sentences.length - 1] = before + segment;
        else sentences.push(segment);
      }
      return sentences.filter((sentence) => /[\p{L}\p{M}\p{N}_]/u.test(sentence));
    };
    const pieces = ['Mr.', 'J.', 'e.g.', 'etc.', '?', '(', '"', ' ', '\n', '\r', '\u2028', '\u00a0', 'A', 'so', '1'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (given) => {
        expect(sentencesOf(given.join(''))).toEqual(plain(given.join('')));
      }),
      { numRuns: 2000 },
    );
    // As long as several windows of the segmenter.
    const long = fc.array(fc.constantFrom(...pieces), { minLength: 3000, maxLength: 4000, size: 'max' });
    fc.assert(
      fc.property(long, (given) => {
        expect(sentencesOf(given.join(''))).toEqual(plain(given.join('')));
      }),
      { numRuns: 20 },
    );
  });
});

it('loosely is without asterisks, and without the first or the last line', () => {
  expect(looseVariants('Sure!\n**a**\nBye')).toEqual([
    'Sure!\n**a**\nBye',
    'Sure!\na\nBye',
    '**a**\nBye',
    'a\nBye',
    'Sure!\n**a**',
    'Sure!\na',
    '**a**',
    'a',
  ]);
  expect(looseVariants('a')).toEqual(['a']);
});

const nothing = { keywords: null, num_words: null };
const ROWS = [
  {
    key: 1000,
    prompt: 'Say hello without commas, in lowercase.',
    instruction_id_list: ['punctuation:no_comma', 'change_case:english_lowercase'],
    kwargs: [nothing, {}],
  },
  { key: 1001, prompt: 'JSON only.', instruction_id_list: ['detectable_format:json_format'], kwargs: [{ ...nothing }] },
];

describe('the benchmark', () => {
  it('counts prompts and instructions, strictly and loosely', async () => {
    const { examples, name } = await benchmark('ifeval', {}, ROWS);
    expect(await judged(examples[0], 'hello there')).toEqual([
      1,
      'punctuation:no_comma followed, change_case:english_lowercase followed',
    ]);
    expect(await judged(examples[0], 'Hello there')).toEqual([
      0,
      'punctuation:no_comma followed, change_case:english_lowercase not followed',
    ]);
    const replies = ['Hello there', 'Sure!\n{}'];
    const samples = await Promise.all(
      examples.map(async ({ text }, i) => {
        const { reward, metrics } = (await text?.judge(replies[i], true)) ?? { reward: 0, metrics: {} };
        return [{ reward, metrics, error: null, time_seconds: 0, turns: 1, ac_tokens: 1, ob_tokens: 1 }];
      }),
    );
    expect(benchmarkResult({ name, summarize: instructionLevel }, samples)).toMatchObject({
      score: 0,
      metrics: {
        prompt_strict: 0,
        prompt_loose: 0.5,
        instruction_strict: 1 / 3,
        instruction_loose: 2 / 3,
        'strict/punctuation:no_comma': 1,
      },
    });
    expect(await judged(examples[0], ' ')).toEqual([0, expect.anything()]);
  });

  it.each([
    [{ ...ROWS[0], kwargs: [] }, 'kwargs: must be a list as long as instruction_id_list, not an empty list'],
    [{ ...ROWS[0], kwargs: [null, {}] }, 'kwargs[0]: must be an object, not null'],
    [{ ...ROWS[0], instruction_id_list: [] }, 'instruction_id_list: must be a list of ids, not an empty list'],
    [
      { ...ROWS[1], instruction_id_list: ['keywords:existence'] },
      'kwargs[0]: keywords: must be a list of texts, not absent',
    ],
  ])('says what is wrong with %j', async (row, message) => {
    await expect(benchmark('ifeval', {}, [row])).rejects.toThrow(message);
  });
});
