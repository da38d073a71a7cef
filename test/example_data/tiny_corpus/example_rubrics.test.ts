import { expect, it } from 'vitest';
import { exampleRubrics, exampleRubricsFile } from '../../../example_data/tiny_corpus/example_rubrics.ts';
import { readRubricRow } from '../../../src/recipes/rubric/row.ts';

it('the example rubrics are the file that ships', async () => {
  await expect(exampleRubricsFile()).toMatchFileSnapshot('../../../example_data/rubrics.jsonl');
});

it('each has a reply that meets its rubric and one that does not', () => {
  const scores = exampleRubrics().map(({ replies, rubric_items, convo }) => {
    const row = readRubricRow(JSON.parse(JSON.stringify({ replies, rubric_items, convo })));
    return row.replies.map((reply) => reply.scores[0]).toSorted();
  });
  expect(scores).toEqual(scores.map(() => [0, 1]));
});
