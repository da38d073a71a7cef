// A board on runs in a temporary directory, and a page that is told what changes.

import { onTestFinished } from 'vitest';
import type { BoardRun } from '../../src/board/board_run.ts';
import { type BoardOptions, openBoard, type RunningBoard } from '../../src/board/listen.ts';
import type { BoardUpdate } from '../../src/board/runs.ts';

export interface OpenedBoard extends RunningBoard {
  notices: string[];
  failures: unknown[];
  json(path: string): Promise<unknown>;
}

/** The least time between two searches, short enough for a test. */
const SEARCH_MS = 100;

export async function opened(directory: string, options: Partial<BoardOptions> = {}): Promise<OpenedBoard> {
  const notices: string[] = [];
  const failures: unknown[] = [];
  const board = await openBoard({
    directories: ['.'],
    cwd: directory,
    host: '127.0.0.1',
    port: 0,
    token: null,
    searchMs: SEARCH_MS,
    notify: (notice) => notices.push(notice),
    report: (failure) => failures.push(failure),
    ...options,
  });
  onTestFinished(() => board.close());
  return { ...board, notices, failures, json: async (path) => await (await fetch(`${board.url}${path}`)).json() };
}

export interface Board {
  directories: string[];
  change: string;
  runs: BoardRun[];
}

/** Follows the stream until an update is what is waited for. */
export async function updated(
  { url }: RunningBoard,
  isIt: (update: BoardUpdate) => boolean,
  meanwhile: () => void | Promise<void> = () => {},
): Promise<BoardUpdate> {
  const leave = new AbortController();
  const answer = await fetch(`${url}/api/events`, { signal: leave.signal });
  let text = '';
  let begun = false;
  try {
    for await (const bytes of answer.body ?? []) {
      text += Buffer.from(bytes).toString('utf8');
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events.filter((each) => each.startsWith('data: '))) {
        const update: BoardUpdate = JSON.parse(event.slice('data: '.length));
        if (begun && isIt(update)) return update;
        if (!begun) await meanwhile();
        begun = true;
      }
    }
  } finally {
    leave.abort();
  }
  throw new Error('the stream has ended');
}
