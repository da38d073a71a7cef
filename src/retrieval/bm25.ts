// BM25 (Robertson and Zaragoza, 2009) as SQL, with the inverse document frequency of Lucene, which is never negative.
//
// In SQL because DuckDB is there already and keeps an index of any size on disk, for words and for vectors alike: its own full-text
// extension has to be downloaded, and libraries such as minisearch hold the whole corpus in JavaScript's memory.

import { openIndex, remembering } from './index_file.ts';
import type { Retriever, RetrieverContext } from './types.ts';

export interface Bm25Options {
  /** How soon a word that comes again counts less. */
  k1: number;
  /** How much long passages pay for their length: 0 = nothing, 1 = in proportion. */
  b: number;
}

/** Words without their accents, in lower case; not stemmed. */
const WORDS = String.raw`CREATE MACRO words(said) AS regexp_extract_all(lower(strip_accents(said)), '[\p{L}\p{N}]+')`;

/** What each word adds to each passage that has it. Sorted, so that a search reads no more than its words. */
const postings = ({ k1, b }: Bm25Options) => `
  CREATE TABLE postings AS
  WITH counted AS (
    SELECT word, passage, count(*) AS frequency
    FROM (SELECT passage, unnest(words(title || ' ' || text)) AS word FROM passages) GROUP BY word, passage),
  lengths AS (SELECT passage, sum(frequency) AS length FROM counted GROUP BY passage),
  held AS (SELECT word, count(*) AS holders FROM counted GROUP BY word)
  SELECT word, passage,
    ln(1 + ((SELECT count(*) FROM passages) - holders + 0.5) / (holders + 0.5)) * frequency * (${k1} + 1)
      / (frequency + ${k1} * (1 - ${b} + ${b} * length / (SELECT avg(length) FROM lengths))) AS score
  FROM counted JOIN lengths USING (passage) JOIN held USING (word) ORDER BY word, passage`;

/** Rounded, so that the order in which parts are added decides nothing; of equals the first in the corpus comes first. */
const SEARCH = `
  WITH best AS (
    SELECT passage, round(sum(score), 9) AS score FROM postings
    WHERE word IN (SELECT unnest(words($query))) GROUP BY passage ORDER BY score DESC, passage LIMIT $count)
  SELECT id, title, text FROM best JOIN passages USING (passage) ORDER BY score DESC, passage`;

export async function bm25Retriever(options: Bm25Options, context: RetrieverContext): Promise<Retriever> {
  const { k1, b } = options;
  const search = await openIndex(
    {
      kind: 'bm25-1',
      settings: { k1, b },
      async fill(connection) {
        for (const sql of [WORDS, postings(options)]) await connection.run(sql);
      },
      search: SEARCH,
    },
    context,
  );
  return { search: remembering(search) };
}
