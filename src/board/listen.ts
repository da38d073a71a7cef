// A board as others start it: on an address, until it is closed.

import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { boundAddress } from '../tinker/server/address.ts';
import { Connections } from '../tinker/server/connections.ts';
import { refuseUnreadable } from '../tinker/server/unreadable.ts';
import { accessOf } from './access.ts';
import { boardApp } from './app.ts';
import { readAssets } from './assets.ts';
import { ReportPage } from './report_page.ts';
import { RunDiffs } from './run_diffs.ts';
import { BoardRuns } from './runs.ts';
import { Scores } from './scores.ts';
import { SeriesStore } from './series_store.ts';
import { EventStream } from './stream.ts';
import { Transcripts } from './transcript_view.ts';

export interface BoardOptions {
  /** Searched for runs, relative to `cwd`. */
  directories: readonly string[];
  cwd: string;
  /** Directories that are not there are waited for; else they are an error. */
  waits?: boolean;
  host: string;
  /** 0: any that is free. */
  port: number;
  /** What a browser must show once; null: nothing. */
  token: string | null;
  notify(notice: string): void;
  report(error: unknown): void;
  /** The least time between two searches; as the board has it if absent. */
  searchMs?: number;
}

export interface RunningBoard {
  url: string;
  /** How many runs it has found at its start. */
  runs: number;
  close(): Promise<void>;
}

const HEADERS_MS = 30_000;
const IDLE_MS = 75_000;
const STALLED_MS = 120_000;
const DRAIN_MS = 1000;

/** @throws ConfigurationError for directories that are none, and for an address that cannot be listened on */
export async function openBoard(options: BoardOptions): Promise<RunningBoard> {
  const { directories, cwd, waits = false, host, port, token, notify, report, searchMs } = options;
  const assets = await readAssets();
  const stream = new EventStream({ onAudience: (isThere) => runs.lookedAt(isThere) });
  const onUpdate = (update: object) => stream.send(update);
  const runs = await BoardRuns.open({
    directories,
    cwd,
    waits,
    onUpdate,
    notify,
    ...(searchMs !== undefined && { searchMs }),
  });
  const reportPage = new ReportPage({ directories, cwd });
  const [diffs, series, transcripts] = [new RunDiffs(cwd), new SeriesStore(), new Transcripts()];
  const scores = new Scores({ directories, cwd });
  const access = accessOf(token);
  const views = { runs, diffs, series, transcripts, scores };
  const { fetch } = boardApp({ ...views, stream, assets, access, reportPage, directories, report });
  const server = createServer({ headersTimeout: HEADERS_MS, keepAliveTimeout: IDLE_MS }, getRequestListener(fetch));
  const connections = new Connections(server, STALLED_MS);
  server.on('clientError', refuseUnreadable);
  const close = async () => {
    stream.close();
    await reportPage.close();
    await Promise.all([diffs, series, transcripts, scores].map((each) => each.close()));
    await runs.close();
    await connections.close(DRAIN_MS);
  };
  try {
    const bound = await boundAddress(server, host, port);
    return {
      url: `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
      runs: runs.rows().length,
      close,
    };
  } catch (error) {
    stream.close();
    await runs.close();
    throw error;
  }
}
