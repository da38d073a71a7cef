// Rows of the public formats, and the comparison that is read from each.

import { expect, it } from 'vitest';
import { comparisonReader } from '../../../src/preference/data/rows.ts';
import type { JsonObject } from '../../../src/util/json.ts';

const read = (row: JsonObject) => comparisonReader({ format: 'auto', columns: null }).read(row);
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

const PARIS = {
  comparison: {
    prompt_conversation: [user('Capital of France?')],
    completion_A: [assistant('Paris.')],
    completion_B: [assistant('Lyon.')],
  },
  label: 'A',
};

it.each<[string, JsonObject]>([
  ['the row of the Python cookbook', PARIS],
  ['a prompt with two answers', { prompt: 'Capital of France?', chosen: 'Paris.', rejected: 'Lyon.' }],
  [
    'a prompt with two answers as messages, as TRL has them',
    { prompt: [user('Capital of France?')], chosen: [assistant('Paris.')], rejected: [assistant('Lyon.')] },
  ],
  [
    'two whole conversations beside their prompt, as UltraFeedback has them',
    {
      prompt: 'Capital of France?',
      chosen: [user('Capital of France?'), assistant('Paris.')],
      rejected: [user('Capital of France?'), assistant('Lyon.')],
      score_chosen: 9,
    },
  ],
  [
    'a row of Tulu 3, with the prompt before both conversations',
    {
      id: '1',
      source: 'wildchat',
      prompt: 'Capital of France?',
      chosen: [user('Capital of France?'), assistant('Paris.')],
      rejected: [user('Capital of France?'), assistant('Lyon.')],
    },
  ],
  [
    'a row of UltraFeedback as argilla has binarised it',
    {
      instruction: 'Capital of France?',
      chosen_response: 'Paris.',
      rejected_response: 'Lyon.',
      chosen_avg_rating: 5,
    },
  ],
  [
    'two transcripts that begin with the first speaker',
    {
      chosen: 'Human: Capital of France?\n\nAssistant: Paris.',
      rejected: 'Human: Capital of France?\n\nAssistant: Lyon.',
    },
  ],
  [
    'two transcripts, as hh-rlhf has them',
    {
      chosen: '\n\nHuman: Capital of France?\n\nAssistant: Paris.',
      rejected: '\n\nHuman: Capital of France?\n\nAssistant: Lyon.',
    },
  ],
  [
    'a row of HelpSteer3',
    { context: [user('Capital of France?')], response1: 'Paris.', response2: 'Lyon.', overall_preference: -2 },
  ],
  [
    'a row of Arena',
    {
      conversation_a: [user('Capital of France?'), assistant('Paris.')],
      conversation_b: [user('Capital of France?'), assistant('Lyon.')],
      winner: 'model_a',
    },
  ],
])('%s', (_, row) => {
  expect(read(row)).toEqual(PARIS);
});

it('a system message goes before the prompt', () => {
  const { comparison } = read({ system: 'Be brief.', prompt: 'Hi', chosen: 'Hi.', rejected: 'Hello there.' });
  expect(comparison.prompt_conversation).toEqual([{ role: 'system', content: 'Be brief.' }, user('Hi')]);
});

it('nobody wins: a tie', () => {
  const conversation = (said: string) => [user('Hi'), assistant(said)];
  const row = { conversation_a: conversation('Hi.'), conversation_b: conversation('Hello.'), winner: 'tie (bothbad)' };
  expect(read(row).label).toBe('Tie');
  const rated = { context: 'Hi', response1: 'Hi.', response2: 'Hello.', overall_preference: 0 };
  expect(read(rated).label).toBe('Tie');
});

it('two conversations of several turns part where they first differ', () => {
  const row = {
    conversation_a: [user('Hi'), assistant('Yes?'), user('A'), assistant('a')],
    conversation_b: [user('Hi'), assistant('What?'), user('B'), assistant('b')],
    winner: 'model_b',
  };
  expect(read(row)).toEqual({
    comparison: {
      prompt_conversation: [user('Hi')],
      completion_A: row.conversation_a.slice(1),
      completion_B: row.conversation_b.slice(1),
    },
    label: 'B',
  });
});

it.each<[JsonObject, string]>([
  [{ text: 'x' }, 'the row is no comparison that is known here: it has "text"'],
  [{ comparison: [], label: 'A' }, 'comparison: must be an object, not []'],
  [{ ...PARIS, label: 'C' }, 'label: must be "A", "B" or "Tie", not "C"'],
  [{ comparison: { prompt_conversation: [user('Hi')] }, label: 'A' }, 'the row has no "completion_A"'],
  [{ chosen: 'Paris.', rejected: 'Lyon.' }, 'chosen: is an answer, and the row has no "prompt" that it answers'],
  [{ prompt: 'Hi', chosen: 'Hi.', rejected: 'Hi.' }, 'both completions are the same'],
  [{ prompt: 'Hi', chosen: 3, rejected: 'Hi.' }, 'chosen: must be'],
  [
    {
      chosen: 'From a log\n\nHuman: One?\n\nAssistant: 1',
      rejected: 'From a log\n\nHuman: One?\n\nAssistant: 2',
    },
    'chosen: has "From a log" before its first speaker',
  ],
  [{ prompt: 'Hi', completion: 'Hi.', label: true }, 'the row has one completion, and no other one to compare it with'],
  [
    { prompt: 'Hi', response: 'Hi.', helpfulness: 3 },
    'the row has one completion, and no other one to compare it with',
  ],
  [
    {
      chosen: '\n\nHuman: One?\n\nAssistant: 1',
      rejected: '\n\nHuman: Two?\n\nAssistant: 2',
    },
    'rejected: differs from chosen before the last reply',
  ],
  [
    { context: 'Hi', response1: 'Hi.', response2: 'Hello.', overall_preference: 'first' },
    'overall_preference: must be a number, not "first"',
  ],
  [
    {
      conversation_a: [user('Hi'), assistant('a')],
      conversation_b: [user('Hi'), assistant('b')],
      winner: 'constructor',
    },
    'winner: must be one of model_a, model_b',
  ],
  [
    { chosen: [user('One?'), assistant('1')], rejected: [user('Two?'), assistant('2')] },
    'completion A begins with user, and not with a reply of the assistant',
  ],
])('%j is refused', (row, message) => {
  expect(() => read(row)).toThrow(message);
});
