// What the clients of the benchmark are told and what they answer, a line each way.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { isJsonObject } from '../../src/util/json.ts';
import type { Answer } from '../engine/peer.ts';

export interface Load {
  /** Of the server; null: the engine in the client's own process. */
  url: string | null;
  /** The server's name of the model, or its directory. */
  model: string;
  rank: number;
}

export type Job =
  /** A forward pass for each row, all submitted before the first result is waited for. */
  | { task: 'forward'; rows: number[][] }
  /** Forward, backward and AdamW over all rows. */
  | { task: 'step'; rows: number[][] }
  /** A request for each prompt, all at once. */
  | { task: 'sample'; prompts: number[][]; max_tokens: number };

export interface Done extends Answer {
  /** Of all threads of the client: what waits for a core on a busy machine counts only here as it is. */
  cpu_seconds: number;
  /** Of a step: the mean loss of a target. */
  loss: number | null;
  /** Tokens that were sampled. */
  tokens: number;
  /** Seconds from a request's being asked for to its result, in the order of the prompts. */
  latencies: number[];
}

export const TINY = join(import.meta.dirname, '../../example_data/models/tiny');

/** Conversations of the file that configs/sl_basic.yaml trains on, as rows of tokens; from its beginning again where more are asked for. */
export async function conversations(count: number): Promise<number[][]> {
  const tokenizer = await loadTokenizer(TINY);
  const rows = readFileSync(join(TINY, '../../conversations.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const row: unknown = JSON.parse(line);
      const messages = isJsonObject(row) && Array.isArray(row.messages) ? row.messages : [];
      const text = messages.map((message) => (isJsonObject(message) ? `${message.content}` : '')).join('\n');
      return [...tokenizer.encode(text)];
    });
  return Array.from({ length: count }, (_, i) => rows[i % rows.length]);
}
