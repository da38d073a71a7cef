// Lists in pages, as queries ask for them.

import type { Context } from 'hono';
import { Refusal } from './refusal.ts';

const MOST_SHOWN = 1000;

export function page<T>({ req }: Context, all: readonly T[], usual: number) {
  const limit = Math.min(countOf('limit', req.query('limit')) ?? usual, MOST_SHOWN);
  const offset = countOf('offset', req.query('offset')) ?? 0;
  return { shown: all.slice(offset, offset + limit), cursor: { offset, limit, total_count: all.length } };
}

function countOf(name: string, text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Refusal(400, `${name}: must be an integer from 0, not ${JSON.stringify(text)}`);
}
