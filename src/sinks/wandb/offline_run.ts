// A run in W&B's offline directory, which `wandb sync` uploads. metrics.jsonl is the truth: whoever begins anew puts a file in the
// place of the older one, in one step.

import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { LoggedRow, LoggedRun, LoggedState, Sink, SinkContext } from '../../training/sink.ts';
import { entriesOf, explainingFailure, makeDirectory, replaceFile } from '../../util/files.ts';
import { isJsonObject, numberOf, objectOf } from '../../util/json.ts';
import { ownIdsIn } from '../own_ids.ts';
import { decodePieces, encodePieces, FILE_HEADER } from './log_file.ts';
import { decoded, encoded, exitRecord, headerRecord, rowRecords, runIdOf, runRecord } from './records.ts';

export interface OfflineRunOptions extends Pick<SinkContext, 'run' | 'signal' | 'tell'> {
  /** In which `wandb/` is, or comes to be. */
  directory: string;
  project: string;
  entity: string | null;
}

/** The exit code of a run that is over; one that may go on has none. */
const EXIT_CODES: Partial<Record<LoggedState, number>> = { done: 0, stopped: 0, diverged: 1, failed: 1 };

export class OfflineRun implements Sink {
  readonly #options: OfflineRunOptions;
  readonly #run: LoggedRun;
  #file: FileHandle | null = null;
  /** Where the file ends, which decides how the next record is cut into pieces. */
  #size = 0;
  #records = 0;
  #started = 0;
  #isTold = false;

  constructor(options: OfflineRunOptions) {
    this.#options = options;
    this.#run = options.run;
    options.signal.addEventListener('abort', () => void this.#letGo().catch(() => undefined), { once: true });
  }

  async open(rows: readonly LoggedRow[]): Promise<void> {
    await this.#letGo();
    const directory = await this.#directory();
    await makeDirectory(join(directory, 'files'));
    const path = join(directory, `run-${runIdOf(this.#run.id)}.wandb`);
    const copied = await this.#copied();
    const times = await timesIn(copied === null ? path : copied.path);
    const now = Date.now();
    this.#started = [...times.values()].reduce((earliest, time) => Math.min(earliest, time), now);
    const { project, entity } = this.#options;
    const first = runRecord(this.#run, { project, entity, started: this.#started, host: hostname() });
    this.#size = FILE_HEADER.length;
    this.#records = 0;
    const text = this.#framed([
      headerRecord(),
      first,
      ...rows.flatMap((row) => this.#rowRecords(row, row.time ?? times.get(row.step) ?? now)),
    ]);
    await explainingFailure('write', path, async () => {
      await replaceFile(path, (file) => file.appendFile(Buffer.concat([FILE_HEADER, text])));
      // What was uploaded before may have held other rows.
      await rm(`${path}.synced`, { force: true });
      this.#file = await open(path, 'a');
    });
    // What was copied along would be uploaded as rows of the original.
    if (copied !== null) await rm(copied.directory, { recursive: true, force: true });
    if (!this.#isTold) this.#options.tell(`upload it with: wandb sync ${directory}`);
    this.#isTold = true;
  }

  async log(rows: readonly LoggedRow[]): Promise<void> {
    await this.#append(rows.flatMap((row) => this.#rowRecords(row, row.time ?? Date.now())));
  }

  async close(state: LoggedState): Promise<void> {
    const code = EXIT_CODES[state];
    if (code !== undefined) await this.#append([exitRecord(code, (Date.now() - this.#started) / 1000)]);
    await this.#letGo();
  }

  #rowRecords(row: LoggedRow, time: number): object[] {
    return rowRecords(row, { time, started: this.#started });
  }

  async #append(records: readonly object[]): Promise<void> {
    const bytes = this.#framed(records);
    await explainingFailure('append to', this.#options.directory, async () => await this.#file?.appendFile(bytes));
  }

  #framed(records: readonly object[]): Buffer {
    const parts = records.map((record) => {
      this.#records += 1;
      const pieces = encodePieces(encoded(record, this.#records), this.#size);
      this.#size += pieces.length;
      return pieces;
    });
    return Buffer.concat(parts);
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** Called by the time of its beginning, so an attempt that goes on looks for it. */
  async #directory(): Promise<string> {
    const name = `offline-run-${dateText(new Date())}-${runIdOf(this.#run.id)}`;
    return (await this.#known(this.#run.id)) ?? join(this.#options.directory, 'wandb', name);
  }

  async #known(id: string): Promise<string | null> {
    const parent = join(this.#options.directory, 'wandb');
    const names = (await entriesOf(parent)).map(({ name }) => name);
    const ending = `-${runIdOf(id)}`;
    const known = names.filter((name) => name.startsWith('offline-run-') && name.endsWith(ending)).sort()[0];
    return known === undefined ? null : join(parent, known);
  }

  /** In a run directory that is a copy: what the original had kept in it. */
  async #copied(): Promise<{ directory: string; path: string } | null> {
    const [, copyOf] = await ownIdsIn(join(this.#options.directory, 'wandb'), this.#run);
    const directory = copyOf === undefined ? null : await this.#known(copyOf);
    if (copyOf === undefined || directory === null) return null;
    return { directory, path: join(directory, `run-${runIdOf(copyOf)}.wandb`) };
  }
}

/** 20261130_203055, in UTC. */
function dateText(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
}

/** When steps were logged, which metrics.jsonl does not say. */
async function timesIn(path: string): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  const file = await readFile(path).catch(() => Buffer.alloc(0));
  for (const record of decodePieces(file).records) {
    try {
      const { item, step } = objectOf(decoded(record).history);
      const number = numberOf(objectOf(step).num);
      const stamp = (Array.isArray(item) ? item : []).filter(isJsonObject).find(isTimestamp);
      const seconds = Number(stamp?.value_json);
      if (number !== null && Number.isFinite(seconds)) times.set(number, Math.round(seconds * 1000));
    } catch {
      // Without its time it has that of now.
    }
  }
  return times;
}

function isTimestamp({ key, nested_key }: { key?: unknown; nested_key?: unknown }): boolean {
  return key === '_timestamp' || (Array.isArray(nested_key) && nested_key[0] === '_timestamp');
}
