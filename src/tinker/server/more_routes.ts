// Routes that stand beside those of the API, under the same rules of who may ask.

import type { Hono } from 'hono';
import { jsonAnswer } from './http.ts';

export interface MoreRoutes {
  /** What their paths begin with. */
  path: string;
  app: Hono;
  /** Whether the path itself is shown to those who do not send the key: for what tells nothing. */
  isPublic?: boolean;
  /** The answer to a request that is refused, as their clients read it. */
  refuse?(status: number, detail: string): Response;
}

/** Those that a path belongs to. */
export function routesOf(more: readonly MoreRoutes[], path: string): MoreRoutes | undefined {
  return more.find((each) => path === each.path || path.startsWith(`${each.path}/`));
}

export function detailAnswer(status: number, detail: string): Response {
  return jsonAnswer({ detail }, status);
}
