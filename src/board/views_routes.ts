// What a page of a board asks for, as JSON: runs, their curves and logs, what tells two apart, and what their models said.

import type { Hono } from 'hono';
import { refused } from './access.ts';
import { json, noSuchRun, told } from './answers.ts';
import type { RunDiffs } from './run_diffs.ts';
import { curvesView, logTail, runView } from './run_view.ts';
import type { BoardRuns } from './runs.ts';
import type { Scores } from './scores.ts';
import type { SeriesStore } from './series_store.ts';
import type { Transcripts } from './transcript_view.ts';

export interface ViewParts {
  runs: BoardRuns;
  series: SeriesStore;
  diffs: RunDiffs;
  transcripts: Transcripts;
  scores: Scores;
}

/** Lines that a chart can hold. */
const MOST_CURVES = 24;

export function addViews(app: Hono, { runs, series, diffs, transcripts, scores }: ViewParts): void {
  app.get('/api/curves', ({ req }) => {
    const entries = (req.queries('run') ?? []).slice(0, MOST_CURVES).flatMap((run) => runs.entry(run) ?? []);
    return told(async () => json(await curvesView(req.query('metric') ?? '', entries, series)));
  });

  app.get('/api/run', ({ req }) => {
    const entry = runs.entry(req.query('run') ?? '');
    return entry === null ? noSuchRun() : told(async () => json(await runView(entry, series)));
  });

  app.get('/api/diff', ({ req }) => {
    const [a, b] = (req.queries('run') ?? []).map((run) => runs.entry(run));
    if (a == null || b == null) return noSuchRun();
    if (a.isPlanned || b.isPlanned) return refused(404, 'a run that has not started has nothing to compare');
    return told(async () => json(await diffs.between(a.row.directory, b.row.directory)));
  });

  app.get('/api/log', ({ req }) => {
    const entry = runs.entry(req.query('run') ?? '');
    return entry === null ? noSuchRun() : json({ log: logTail(entry) });
  });

  app.get('/api/scores', () => told(async () => json(await scores.read())));

  app.get('/api/transcripts', ({ req }) => {
    const entry = runs.entry(req.query('run') ?? '');
    if (entry === null) return noSuchRun();
    const question = { file: req.query('file') ?? null, text: req.query('text') ?? '' };
    return told(async () => json(await transcripts.of(entry, question)));
  });
}
