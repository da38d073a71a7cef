// The runs that a board shows: found again and again at a slow pace, and those that are going on watched closely while
// somebody looks. How much of the machine's time that takes is bounded, since the machine has training to do.

import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { discoverRuns, lieWithin } from '../report/discover.ts';
import { plannedEntries } from '../report/planned_entries.ts';
import { type RunEntry, readRunEntry } from '../report/run_entry.ts';
import { readNotes } from '../run_files/notes.ts';
import { isFinished } from '../run_files/status.ts';
import { type RunWatch, watchRun } from '../run_files/watch.ts';
import { messageOf } from '../util/errors.ts';
import { type BoardRun, boardRun, changedRun, type NewPoints } from './board_run.ts';

/** What has changed since the last update. */
export interface BoardUpdate {
  runs: BoardRun[];
  gone: string[];
  /** By run. */
  points: Record<string, NewPoints>;
  /** Runs whose metrics were cut back: what was drawn of them is to be read again. */
  anew: string[];
}

export interface BoardRunsOptions {
  directories: readonly string[];
  cwd: string;
  /** Directories that are not there are waited for. */
  waits: boolean;
  /** Told of every change, some twice a second at the most. */
  onUpdate(update: BoardUpdate): void;
  /** Told once of each thing that cannot be read. */
  notify(notice: string): void;
  /** The least time between two searches. */
  searchMs?: number;
}

interface Known {
  entry: RunEntry;
  row: BoardRun;
  /** Of the files that the row was made of. */
  signature: string;
}

const SEARCH_MS = 3000;
/** A search takes no more than a hundredth of the time. */
const SEARCH_SHARE = 100;
/** Runs that are watched at a time; those beyond it are seen as often as runs are searched. */
const MOST_WATCHED = 32;
const WATCH_PAUSE_MS = 400;
/** What was logged before somebody looked is read with the curves. */
const NEWEST_BYTES = 32 * 1024;
const UPDATE_MS = 500;
/** Runs that are read before others get a turn. */
const READ_AT_A_TIME = 25;

export class BoardRuns {
  readonly #options: BoardRunsOptions;
  #known = new Map<string, Known>();
  readonly #watches = new Map<string, RunWatch>();
  readonly #told = new Set<string>();
  readonly #changed = new Set<string>();
  #gone: string[] = [];
  #points: Record<string, NewPoints> = named();
  readonly #anew = new Set<string>();
  #searching: Promise<void> | null = null;
  #searchTimer: NodeJS.Timeout | undefined;
  #updateTimer: NodeJS.Timeout | undefined;
  #isLookedAt = false;
  #isClosed = false;

  private constructor(options: BoardRunsOptions) {
    this.#options = options;
  }

  /**
   * With what there is now.
   * @throws ConfigurationError for directories that are none
   */
  static async open(options: BoardRunsOptions): Promise<BoardRuns> {
    const runs = new BoardRuns(options);
    await runs.#search();
    return runs;
  }

  rows(): BoardRun[] {
    return [...this.#known.values()].map(({ row }) => row);
  }

  /** Null too for a run that a link has taken the place of since it was found, or the place of one of its files: it may lead anywhere. */
  entry(run: string): RunEntry | null {
    const entry = this.#known.get(run)?.entry;
    if (entry === undefined) return null;
    const { directories, cwd } = this.#options;
    const paths = [entry.row.directory, entry.metricsFile, entry.logFile].filter((path) => path !== null);
    return entry.isPlanned || lieWithin(paths, directories, cwd) ? entry : null;
  }

  /** Nothing is searched or watched while nobody looks. */
  lookedAt(isLookedAt: boolean): void {
    if (this.#isLookedAt === isLookedAt || this.#isClosed) return;
    this.#isLookedAt = isLookedAt;
    clearTimeout(this.#searchTimer);
    if (isLookedAt) void this.search();
    else this.#watch([]);
  }

  /** Takes the notes of a run anew, which were written just now. */
  reread(run: string): void {
    const known = this.#known.get(run);
    if (known === undefined) return;
    const { notes } = readNotes(known.entry.row.directory);
    this.#change(run, { ...known.row, tags: notes.tags, note: notes.note });
  }

  /** One at a time. */
  search(): Promise<void> {
    const started = performance.now();
    this.#searching ??= this.#search()
      .catch((error: unknown) => {
        this.#tell(messageOf(error));
        // A directory that is gone may come back.
        return performance.now() - started;
      })
      .then((taken) => {
        this.#searching = null;
        this.#searchLater(taken);
      });
    return this.#searching;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#searchTimer);
    clearTimeout(this.#updateTimer);
    await this.#searching;
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    await Promise.all(watches.map((watch) => watch.close()));
  }

  /** How long it was at it, in milliseconds. */
  async #search(): Promise<number> {
    const { directories, cwd, waits } = this.#options;
    const there = waits ? directories.filter((directory) => existsSync(resolve(cwd, directory))) : directories;
    let taken = -performance.now();
    const { runs, sweeps, notices } = discoverRuns(there, cwd);
    for (const notice of notices) this.#tell(notice);
    const found = new Map<string, Known>();
    /** As they were known when they were read. */
    const seen = new Map<string, Known | undefined>();
    for (const [index, run] of runs.entries()) {
      if (index % READ_AT_A_TIME === READ_AT_A_TIME - 1) {
        taken += performance.now();
        await turn();
        if (this.#isClosed) return 0;
        taken -= performance.now();
      }
      const known = this.#known.get(run.path);
      seen.set(run.path, known);
      const signature = signatureOf(run.directory);
      // A run that is over changes no more, unless its files do.
      const isSame = known !== undefined && known.signature === signature && isFinished(known.row.state);
      found.set(run.path, isSame ? known : this.#read(readRunEntry(run), signature));
    }
    const entries = [...found.values()].map(({ entry }) => entry);
    for (const planned of plannedEntries(sweeps, entries)) found.set(planned.row.run, this.#read(planned, ''));
    for (const [run, read] of found) found.set(run, this.#newer(read, seen.get(run), this.#known.get(run)));
    this.#take(found);
    return taken + performance.now();
  }

  #searchLater(taken: number): void {
    if (!this.#isLookedAt || this.#isClosed) return;
    const { searchMs = SEARCH_MS } = this.#options;
    clearTimeout(this.#searchTimer);
    this.#searchTimer = setTimeout(() => void this.search(), Math.max(searchMs, taken * SEARCH_SHARE)).unref();
  }

  #read(entry: RunEntry, signature: string): Known {
    if (entry.notesProblem !== null) this.#tell(`${entry.row.run}: ${entry.notesProblem}`);
    return { entry, row: boardRun(entry), signature };
  }

  /** What was told of a run while others were read is newer than what was read of it. What it was made of is not known then. */
  #newer(read: Known, before: Known | undefined, now: Known | undefined): Known {
    return now === undefined || before === undefined || now === before
      ? read
      : { ...read, row: now.row, signature: '' };
  }

  #take(found: Map<string, Known>): void {
    const before = this.#known;
    this.#known = found;
    for (const [run, { row }] of found) {
      const old = before.get(run)?.row;
      if (old !== row && JSON.stringify(old) !== JSON.stringify(row)) this.#changed.add(run);
    }
    this.#gone.push(...[...before.keys()].filter((run) => !found.has(run)));
    if (this.#changed.size + this.#gone.length > 0) this.#updateSoon();
    const running = [...found.values()].filter(({ row }) => row.state === 'running').map(({ row }) => row);
    running.sort((a, b) => ((a.started_at ?? '') > (b.started_at ?? '') ? -1 : 1));
    this.#watch(this.#isLookedAt ? running.slice(0, MOST_WATCHED).map(({ run }) => run) : []);
  }

  #watch(wanted: readonly string[]): void {
    for (const [run, watch] of this.#watches) {
      if (wanted.includes(run)) continue;
      this.#watches.delete(run);
      void watch.close();
    }
    for (const run of wanted) {
      const directory = this.#known.get(run)?.entry.row.directory;
      if (this.#watches.has(run) || directory === undefined) continue;
      const watch = watchRun(
        directory,
        (change) => {
          const known = this.#known.get(run);
          if (known === undefined || this.#watches.get(run) !== watch) return;
          if (change.type === 'problem') this.#tell(`${run}: ${change.message}`);
          const points: NewPoints = this.#points[run] ?? named();
          this.#change(run, changedRun(known.row, change, points));
          if (change.type !== 'rows') return;
          if (change.anew) this.#anew.add(run);
          this.#points[run] = points;
        },
        { pauseMs: WATCH_PAUSE_MS, newestBytes: NEWEST_BYTES },
      );
      this.#watches.set(run, watch);
    }
  }

  #change(run: string, row: BoardRun): void {
    const known = this.#known.get(run);
    if (known === undefined) return;
    this.#known.set(run, { ...known, row });
    this.#changed.add(run);
    this.#updateSoon();
  }

  #updateSoon(): void {
    if (this.#isClosed) return;
    this.#updateTimer ??= setTimeout(() => {
      this.#updateTimer = undefined;
      const runs = [...this.#changed].flatMap((run) => this.#known.get(run)?.row ?? []);
      this.#options.onUpdate({ runs, gone: this.#gone, points: this.#points, anew: [...this.#anew] });
      this.#changed.clear();
      this.#gone = [];
      this.#points = named();
      this.#anew.clear();
    }, UPDATE_MS).unref();
  }

  #tell(notice: string): void {
    if (this.#told.has(notice)) return;
    this.#told.add(notice);
    this.#options.notify(notice);
  }
}

/** An object for names that others have chosen, `__proto__` among them. */
function named<T>(): Record<string, T> {
  return Object.create(null);
}

/** Tells the files apart from those of before, without reading them. */
function signatureOf(directory: string): string {
  return ['run.json', 'status.json', 'metrics.jsonl', 'notes.json']
    .map((name) => {
      try {
        const { ino, size, mtimeMs } = statSync(join(directory, name));
        return `${ino}:${size}:${mtimeMs}`;
      } catch {
        return '-';
      }
    })
    .join(' ');
}
