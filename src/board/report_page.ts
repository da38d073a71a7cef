// The whole report as a page, made by a process of its own that gives way to whatever else the machine has to do, and not again
// before many times as long has passed.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultBytes } from '../report/limits.ts';
import { COOKBOOK } from '../sweep/executors/processes.ts';
import { messageOf } from '../util/errors.ts';
import { giveWay } from './give_way.ts';

export interface ReportPageOptions {
  directories: readonly string[];
  cwd: string;
}

/** Of the time since the last one has begun, what making reports may take. */
const SHARE = 20;
/** Of the database of a report, where the machine has as much: the runs that it tells of may be training beside it. */
const MOST_MEBIBYTES = 1024;
/** What a failed process has said, for whoever asked. */
const MOST_SAID = 2000;

export class ReportPage {
  readonly #options: ReportPageOptions;
  readonly #leave = new AbortController();
  #making: Promise<string> | null = null;
  #last: Promise<string> | null = null;
  #dueAt = 0;

  constructor(options: ReportPageOptions) {
    this.#options = options;
  }

  /** The newest, or one that is made now where that is due. */
  read(): Promise<string> {
    if (this.#making !== null) return this.#last ?? this.#making;
    if (this.#last !== null && performance.now() < this.#dueAt) return this.#last;
    const begun = performance.now();
    const making = this.#make();
    this.#making = making;
    // A failure is told to who waits for it, and tried again when it is asked for again.
    void making
      .then(
        () => {
          this.#last = making;
          this.#dueAt = performance.now() + (performance.now() - begun) * SHARE;
        },
        () => undefined,
      )
      .finally(() => {
        this.#making = null;
      });
    return making;
  }

  async close(): Promise<void> {
    this.#leave.abort();
    await this.#making?.catch(() => undefined);
  }

  async #make(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-board-'));
    try {
      const file = join(directory, 'report.html');
      await this.#run(['report', '--html', file, '--max-memory', memory(), '--', ...this.#options.directories]);
      return await readFile(file, 'utf8');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  #run(argv: readonly string[]): Promise<void> {
    const { signal } = this.#leave;
    return new Promise((done, failed) => {
      const stdio: ['ignore', 'ignore', 'pipe'] = ['ignore', 'ignore', 'pipe'];
      const child = spawn(process.execPath, [COOKBOOK, ...argv], { cwd: this.#options.cwd, stdio, signal });
      giveWay(child.pid);
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = `${said}${text}`.slice(-MOST_SAID);
      });
      child.once('error', failed);
      child.once('close', (code) => {
        if (code === 0) done();
        else failed(new Error(said.trim() === '' ? `the report ended with ${code}` : said.trim()));
      });
    });
  }
}

/** At most half of what a report takes that somebody asks for by himself. */
function memory(): string {
  return `${Math.max(1, Math.min(MOST_MEBIBYTES, Math.floor(defaultBytes() / 2 / 2 ** 20)))}MiB`;
}

/** It is shown apart from the board: whatever stands in it, it can ask the board for nothing. */
const REPORT_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "sandbox allow-scripts allow-downloads allow-popups; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

export async function reportAnswer(page: ReportPage): Promise<Response> {
  try {
    return new Response(await page.read(), { headers: REPORT_HEADERS });
  } catch (error) {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' };
    return new Response(`The report could not be made: ${messageOf(error)}\n`, { status: 503, headers });
  }
}
