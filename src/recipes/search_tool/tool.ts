// The tool `search` (tinker_cookbook/recipes/search_tool): passages of a corpus for a query, or for several at once.

import { Type } from '@sinclair/typebox';
import type { Passage, Retriever } from '../../retrieval/types.ts';
import { defineTool, simpleToolResult, type Tool } from '../../rl/tools.ts';

const query = Type.String({ minLength: 1, description: 'What to look for, in a few words.' });

const parameters = Type.Object(
  {
    query: Type.Optional(query),
    query_list: Type.Optional(
      Type.Array(query, { minItems: 1, maxItems: 16, description: 'Several things to look for at once.' }),
    ),
  },
  { additionalProperties: false },
);

/** What the model is told of it. */
export const SEARCH = { name: 'search', description: 'Finds passages of an encyclopedia.', parameters };

/** Metric `queries`: how many a call has. */
export function searchTool(retriever: Retriever, count: number): Tool {
  return defineTool({
    ...SEARCH,
    async run({ query, query_list = [] }) {
      const queries = query === undefined ? query_list : [query, ...query_list];
      if (queries.length === 0) throw new Error('give a query, or a query_list');
      const found = await Promise.all(queries.map((each) => retriever.search(each, count)));
      const blocks = found.map((passages, q) => {
        const shown = passagesText(passages);
        return queries.length === 1 ? shown : `Query: ${queries[q]}\n${shown}`;
      });
      return simpleToolResult(blocks.join('\n\n'), { metrics: { queries: queries.length } });
    },
  });
}

/** A passage a line: short, because a small model reads little. */
export function passagesText(passages: readonly Passage[]): string {
  if (passages.length === 0) return 'Nothing was found.';
  return passages.map(({ title, text }) => (title === '' ? text : `${title}: ${text}`)).join('\n');
}
