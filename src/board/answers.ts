// The answers of a board that more than one of its routes gives.

import { CookbookError, messageOf } from '../util/errors.ts';
import { refused } from './access.ts';

export function json(value: object, status = 200): Response {
  return Response.json(value, { status, headers: { 'Cache-Control': 'no-store' } });
}

export const noSuchRun = (): Response => refused(404, 'there is no such run any more');

/** Known errors are answered in a line. */
export async function told(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof CookbookError) return refused(400, messageOf(error));
    throw error;
  }
}
