// The HTTP of a board: its page, what the page shows as JSON, a stream of what changes, and the one thing that it writes, notes.

import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { NotesChangedError, readNotes, writeNotes } from '../run_files/notes.ts';
import { CookbookError, messageOf, stackOf } from '../util/errors.ts';
import { parsedJson } from '../util/json_lines.ts';
import { isArrayOf, isCount, isString, jsonShape } from '../util/json_shape.ts';
import { type Access, refused } from './access.ts';
import type { Asset } from './assets.ts';
import { type ReportPage, reportAnswer } from './report_page.ts';
import type { RunDiffs } from './run_diffs.ts';
import { curvesView, logTail, runView } from './run_view.ts';
import type { BoardRuns } from './runs.ts';
import type { EventStream } from './stream.ts';
import { type TranscriptQuestion, transcriptView } from './transcript_view.ts';

export interface BoardParts {
  runs: BoardRuns;
  stream: EventStream;
  assets: ReadonlyMap<string, Asset>;
  access: Access;
  reportPage: ReportPage;
  diffs: RunDiffs;
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

/** Lines that a chart can hold. */
const MOST_CURVES = 24;
const MOST_BODY_BYTES = 256 * 1024;

const notesShape = jsonShape<{ run: string; revision: number; tags: string[]; note: string }>({
  run: isString,
  revision: isCount,
  tags: isArrayOf(isString),
  note: isString,
});

export function boardApp({ runs, stream, assets, access, reportPage, diffs, directories, report }: BoardParts): Hono {
  const app = new Hono();
  const json = (value: object, status = 200) =>
    Response.json(value, { status, headers: { 'Cache-Control': 'no-store' } });
  const noSuchRun = () => refused(404, 'there is no such run any more');

  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS))
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
  });
  app.use(access.guard);

  for (const [path, { type, text, etag }] of assets) {
    app.get(path, ({ req }) => {
      const headers = { 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: etag };
      return req.header('If-None-Match') === etag
        ? new Response(null, { status: 304, headers })
        : new Response(text, { headers });
    });
  }

  app.get('/report', () => reportAnswer(reportPage));

  app.get('/api/board', () => json({ directories, change: access.changeToken, runs: runs.rows() }));

  app.get('/api/events', () => {
    if (stream.isFull) return refused(503, 'too many pages of this board are open');
    return stream.open({
      runs: runs.rows().filter(({ state }) => state === 'running'),
      gone: [],
      points: {},
      anew: [],
    });
  });

  app.get('/api/curves', async ({ req }) => {
    const metric = req.query('metric') ?? '';
    const names = (req.queries('run') ?? []).slice(0, MOST_CURVES);
    return json(
      await curvesView(
        metric,
        names.flatMap((run) => runs.entry(run) ?? []),
      ),
    );
  });

  app.get('/api/run', async ({ req }) => {
    const entry = runs.entry(req.query('run') ?? '');
    return entry === null ? noSuchRun() : json(await runView(entry));
  });

  app.get('/api/diff', async ({ req }) => {
    const [a, b] = (req.queries('run') ?? []).map((run) => runs.entry(run));
    if (a == null || b == null) return noSuchRun();
    if (a.isPlanned || b.isPlanned) return refused(404, 'a run that has not started has nothing to compare');
    return await explained(async () => json(await diffs.between(a.row.directory, b.row.directory)));
  });

  app.get('/api/log', ({ req }) => {
    const entry = runs.entry(req.query('run') ?? '');
    return entry === null ? noSuchRun() : json({ log: logTail(entry) });
  });

  app.get('/api/transcripts', async ({ req }) => {
    const entry = runs.entry(req.query('run') ?? '');
    if (entry === null) return noSuchRun();
    const question: TranscriptQuestion = { file: req.query('file') ?? null, text: req.query('text') ?? '' };
    return json(await transcriptView(entry, question));
  });

  const bounded = bodyLimit({ maxSize: MOST_BODY_BYTES, onError: () => refused(413, 'notes are not so long') });
  app.post('/api/notes', access.changes, bounded, async ({ req }) => {
    const body = parsedJson(await req.text());
    if (!notesShape.is(body)) return refused(400, `the notes: ${notesShape.problem(body)}`);
    const entry = runs.entry(body.run);
    if (entry === null || entry.isPlanned) return noSuchRun();
    const { directory } = entry.row;
    return await explained(async () => {
      try {
        const notes = await writeNotes(directory, body);
        runs.reread(body.run);
        return json(notes);
      } catch (error) {
        if (!(error instanceof NotesChangedError)) throw error;
        return json({ detail: messageOf(error), now: readNotes(directory).notes }, 409);
      }
    });
  });

  app.notFound(({ req }) => refused(404, `there is no ${req.method} ${req.path} here`));
  app.onError((error) => {
    report(new Error(stackOf(error)));
    return refused(500, 'the board failed; where it was started it says why');
  });
  return app;
}

/** Known errors are answered in a line. */
async function explained(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof CookbookError) return refused(400, messageOf(error));
    throw error;
  }
}
