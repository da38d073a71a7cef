// Sweeps of the toy trainer, run by the built command line in processes of their own, and what they leave behind.

import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { inspectRunDirectory } from '../../../src/run_files/directory.ts';
import type { RunSnapshot } from '../../../src/run_files/types.ts';
import { isJsonObject } from '../../../src/util/json.ts';
import { TestProcess } from '../../run/support/processes.ts';

const PLUGIN = new URL('toy_plugin.mjs', import.meta.url);

const BASE = `trainer: toy
plugins: [toy_plugin.mjs]
service: none
diary: diary.jsonl
`;

export class ToySweep {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** A directory with the sweep, whose base and log_path are given to it. */
  static async create(sweep: string, base = ''): Promise<ToySweep> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'cookbook-sweep-')));
    onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    const toy = new ToySweep(directory);
    await cp(PLUGIN, join(directory, 'toy_plugin.mjs'));
    await toy.write('base.yaml', BASE + base);
    await toy.write('sweep.yaml', `base: base.yaml\nlog_path: runs/toy\n${sweep}`);
    return toy;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.directory, name), text);
  }

  start(...args: string[]): TestProcess {
    return new TestProcess([resolve('bin/run.js'), ...args], { cwd: this.directory, env: { NO_COLOR: '1' } });
  }

  /** Runs a command to its end. */
  async run(...args: string[]): Promise<{ code: number | NodeJS.Signals | null; stdout: string; stderr: string }> {
    const child = this.start(...args);
    const lines: string[] = [];
    for (let line = await child.line(); line !== null; line = await child.line()) lines.push(line);
    const code = await child.ended();
    return { code, stdout: lines.map((line) => `${line}\n`).join(''), stderr: child.stderr };
  }

  /** What the runs have noted in their diary, in the order in which they did it. */
  async diary(): Promise<{ run: string; event: string; step: number }[]> {
    const text = await readFile(join(this.directory, 'diary.jsonl'), 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => {
      const entry: unknown = line === '' ? null : JSON.parse(line);
      if (!isJsonObject(entry)) return [];
      return [{ run: String(entry.run), event: String(entry.event), step: Number(entry.step) }];
    });
  }

  /** The run directories of the sweep, by name. */
  async snapshots(): Promise<RunSnapshot[]> {
    const root = join(this.directory, 'runs/toy');
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    const names = entries
      .flatMap((entry) => (entry.isDirectory() && entry.name !== 'processes' ? [entry.name] : []))
      .sort();
    const snapshots = await Promise.all(names.map((name) => inspectRunDirectory(join(root, name))));
    return snapshots.filter((snapshot) => snapshot !== null);
  }

  /** `rate=0.1: done, attempt 1` for each run, in the order of their names. */
  async states(): Promise<string[]> {
    return (await this.snapshots()).map(({ record, status }) => {
      const point = Object.entries(record?.axes ?? {}).map(([field, value]) => `${field}=${value}`);
      return `${point.join(' ')}: ${status?.state}, attempt ${status?.attempt}`;
    });
  }

  /** Names of the runs that are done. */
  async finished(): Promise<string[]> {
    const snapshots = await this.snapshots();
    return snapshots.flatMap(({ directory, status }) => (status?.state === 'done' ? [basename(directory)] : []));
  }

  /** How many lines of the diary a run has written. */
  async linesOf(run: string): Promise<number> {
    return (await this.diary()).filter((entry) => entry.run === run).length;
  }

  /** Kills the process of a run that is under way, if there is one left. */
  async killOneRun(): Promise<void> {
    const running = (await this.snapshots()).find(({ live, status }) => live && status?.state === 'running');
    if (running?.status?.pid !== undefined) process.kill(running.status.pid, 'SIGKILL');
  }

  /** Waits for something to happen in other processes. */
  async until(happened: () => Promise<boolean>): Promise<void> {
    while (!(await happened())) await sleep(10);
  }

  /** Waits until so many lines stand in the diary. */
  async untilNoted(lines: number): Promise<void> {
    await this.until(async () => (await this.diary()).length >= lines);
  }

  /** Waits until so many runs wait to be told to go on or to stop. */
  async untilWaiting(runs: number): Promise<void> {
    await this.until(async () => (await this.diary()).filter(({ event }) => event === 'waiting').length >= runs);
  }

  /** Waits until no process runs any of the runs. */
  async untilQuiet(): Promise<void> {
    await this.until(async () => (await this.snapshots()).every(({ live }) => !live));
  }
}
