// The HTTP of a board: who may ask, its page, the report, a stream of what changes, and behind them what the page shows as JSON.

import { Hono } from 'hono';
import { stackOf } from '../util/errors.ts';
import { type Access, refused } from './access.ts';
import { json } from './answers.ts';
import type { Asset } from './assets.ts';
import { addNotes } from './notes_route.ts';
import { type ReportPage, reportAnswer } from './report_page.ts';
import type { EventStream } from './stream.ts';
import { addViews, type ViewParts } from './views_routes.ts';

export interface BoardParts extends ViewParts {
  stream: EventStream;
  assets: ReadonlyMap<string, Asset>;
  access: Access;
  reportPage: ReportPage;
  /** The directories, as they were named. */
  directories: readonly string[];
  /** Told of failures that nobody who looks is to blame for. */
  report(error: unknown): void;
}

/** A page runs and loads what this server serves, and nothing else; nothing that a run has written is ever part of its markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

export function boardApp(parts: BoardParts): Hono {
  const { runs, stream, assets, access, reportPage, directories, report } = parts;
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS))
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
  });
  app.use(access.guard);
  for (const [path, asset] of assets) app.get(path, ({ req }) => assetAnswer(asset, req.header('If-None-Match')));
  app.get('/report', () => reportAnswer(reportPage));
  app.get('/api/board', () => json({ directories, change: access.changeToken, runs: runs.rows() }));
  app.get('/api/events', ({ req }) => {
    // HEAD is answered by this route too, and nobody would read or close the stream that it opened.
    if (req.method !== 'GET') return notAllowed();
    if (stream.isFull) return refused(503, 'too many pages of this board are open');
    const running = runs.rows().filter(({ state }) => state === 'running');
    return stream.open({ runs: running, gone: [], points: {}, anew: [] });
  });
  addViews(app, parts);
  addNotes(app, parts);
  app.notFound(({ req }) => refused(404, `there is no ${req.method} ${req.path} here`));
  app.onError((error) => {
    report(new Error(stackOf(error)));
    return refused(500, 'the board failed; where it was started it says why');
  });
  return app;
}

function notAllowed(): Response {
  const answer = refused(405, 'events are a stream: ask for them by GET');
  answer.headers.set('Allow', 'GET');
  return answer;
}

/** @param known the contents that the browser has already */
function assetAnswer({ type, text, etag }: Asset, known: string | undefined): Response {
  const headers = { 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: etag };
  return known === etag ? new Response(null, { status: 304, headers }) : new Response(text, { headers });
}
