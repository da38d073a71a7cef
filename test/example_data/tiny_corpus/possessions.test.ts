import { describe, expect, it } from 'vitest';
import { wordsOf } from '../../../example_data/tiny_corpus/grading.ts';
import {
  demonstrationsFile,
  exampleDemonstrations,
  exampleFacts,
  exampleQuestions,
  exampleRules,
  factQuestions,
  questionsFile,
  readingConversation,
} from '../../../example_data/tiny_corpus/possessions.ts';
import { Random } from '../../../example_data/tiny_corpus/random.ts';

const DATA = '../../../example_data';

describe('the example facts and rules', () => {
  it('are the committed files, byte for byte', async () => {
    await expect(demonstrationsFile()).toMatchFileSnapshot(`${DATA}/demonstrations.jsonl`);
    await expect(questionsFile()).toMatchFileSnapshot(`${DATA}/questions.txt`);
    await expect(exampleRules()).toMatchFileSnapshot(`${DATA}/house_rules.txt`);
  });

  it('say of each person one thing, and of each thing one person', () => {
    expect(new Set(exampleFacts.map(({ person }) => person)).size).toBe(exampleFacts.length);
    expect(new Set(exampleFacts.map(({ thing }) => thing)).size).toBe(exampleFacts.length);
  });

  it('are asked for in wordings that nothing is trained on', () => {
    const trained = new Set(exampleDemonstrations().map(([question]) => question?.content));
    expect(factQuestions().filter(({ question }) => trained.has(question))).toEqual([]);
  });

  it('demonstrations name the thing and say it in other words than the model', () => {
    for (const [question, reply] of exampleDemonstrations()) {
      const one = exampleFacts.find(({ person }) => wordsOf(String(question?.content)).includes(person.toLowerCase()));
      expect(reply?.content).toBe(`${one?.thing}, mate`);
    }
  });

  it('questions are distinct', () => {
    expect(new Set(exampleQuestions()).size).toBe(exampleQuestions().length);
  });
});

describe('conversations whose answers stand in the prompt', () => {
  it('hold what is answered, in as many words', () => {
    let shown = 0;
    for (let seed = 0; seed < 200; seed++) {
      const messages = readingConversation(new Random(seed));
      expect(messages.at(-1)?.role).toBe('assistant');
      const user = String(messages.find(({ role }) => role === 'user')?.content);
      if (!user.includes('Somebody says: ')) continue;
      shown += 1;
      const last = wordsOf(String(messages.at(-1)?.content)).at(-1) ?? '';
      expect(wordsOf(user)).toContain(last);
    }
    expect(shown).toBeGreaterThan(50);
  });

  it('are the same for the same seed', () => {
    const texts = [1, 1, 2].map((seed) => JSON.stringify(readingConversation(new Random(seed))));
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).not.toBe(texts[2]);
  });
});
