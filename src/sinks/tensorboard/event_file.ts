// The event file of one run in a directory of TensorBoard's. metrics.jsonl is the truth: whoever begins anew writes a new file
// from its rows, puts it in its place in one step, and then removes the older ones.

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { LoggedRow, LoggedRun, LoggedState, Sink, SinkContext } from '../../training/sink.ts';
import { entriesOf, explainingFailure, flushDirectory, makeDirectory } from '../../util/files.ts';
import { numberOf } from '../../util/json.ts';
import { ownIdsIn } from '../own_ids.ts';
import { events, firstEvents, lastEvent, rowEvent } from './events.ts';
import { decodeRecords, encodeRecord } from './records.ts';

/** TensorBoard takes any name that holds this for a file of events, so one that is not whole is called otherwise. */
const PREFIX = 'events.out.tfevents.';
const PARTIAL = '.cookbook-partial-';

export class EventFile implements Sink {
  readonly #directory: string;
  readonly #run: LoggedRun;
  #file: FileHandle | null = null;

  constructor(directory: string, { run, signal }: Pick<SinkContext, 'run' | 'signal'>) {
    this.#directory = directory;
    this.#run = run;
    signal.addEventListener('abort', () => void this.#letGo().catch(() => undefined), { once: true });
  }

  async open(rows: readonly LoggedRow[]): Promise<void> {
    await this.#letGo();
    await makeDirectory(this.#directory);
    const ids = await ownIdsIn(this.#directory, this.#run);
    const older = await this.#files(ids);
    const times = await this.#timesIn(older);
    const now = Date.now();
    const begin = [...times.values()].reduce((earliest, time) => Math.min(earliest, time), now);
    const first = firstEvents(this.#run.spec, this.#run.hash, begin);
    const rest = rows.map((row) => rowEvent(row, row.time ?? times.get(row.step) ?? now));
    const partial = join(this.#directory, `${PARTIAL}${this.#run.id}-${randomBytes(6).toString('hex')}`);
    const path = join(this.#directory, this.#nextName(older, now));
    await explainingFailure('write', path, async () => {
      const file = await open(partial, 'ax');
      try {
        await file.appendFile(framed([...first, ...rest]));
        await file.sync();
        await rename(partial, path);
        await flushDirectory(this.#directory);
      } catch (error) {
        await file.close();
        await rm(partial, { force: true });
        throw error;
      }
      this.#file = file;
    });
    for (const name of await this.#leftOvers(ids, path)) await rm(join(this.#directory, name), { force: true });
  }

  async log(rows: readonly LoggedRow[]): Promise<void> {
    await this.#append(rows.map((row) => rowEvent(row, row.time ?? Date.now())));
  }

  async close(state: LoggedState): Promise<void> {
    await this.#append([lastEvent(state, Date.now())]);
    await this.#letGo();
  }

  async #append(given: readonly (Uint8Array | null)[]): Promise<void> {
    await explainingFailure('append to', this.#directory, async () => await this.#file?.appendFile(framed(given)));
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** This run's, oldest first. */
  async #files(ids: readonly string[]): Promise<string[]> {
    const names = (await entriesOf(this.#directory)).map(({ name }) => name);
    return names.filter((name) => isEventFile(name, ids)).sort();
  }

  async #leftOvers(ids: readonly string[], path: string): Promise<string[]> {
    const names = (await entriesOf(this.#directory)).map(({ name }) => name);
    const isPartial = (name: string) => ids.some((id) => name.startsWith(`${PARTIAL}${id}-`));
    return names.filter((name) => (isEventFile(name, ids) || isPartial(name)) && join(this.#directory, name) !== path);
  }

  /** Readers go from one file of a directory to the next by name, so it comes after the older ones. */
  #nextName(older: readonly string[], now: number): string {
    const last = Number(older.at(-1)?.slice(PREFIX.length).split('.')[0] ?? 0);
    const number = Math.max(Math.floor(now / 1000), Number.isSafeInteger(last) ? last + 1 : 0);
    const host = hostname().replaceAll(/[^\w-]/g, '_');
    return `${PREFIX}${String(number).padStart(10, '0')}.${host}.${process.pid}.0${endingOf(this.#run.id)}`;
  }

  /** When steps were logged, which metrics.jsonl does not say. */
  async #timesIn(names: readonly string[]): Promise<Map<number, number>> {
    const times = new Map<number, number>();
    for (const name of names) {
      const file = await readFile(join(this.#directory, name)).catch(() => Buffer.alloc(0));
      for (const record of decodeRecords(file).records) {
        try {
          const { step, wall_time, summary } = events.decode('Event', record);
          const time = numberOf(wall_time);
          if (summary !== undefined && typeof step === 'number' && time !== null) times.set(step, time * 1000);
        } catch {
          // Without its time it has that of now.
        }
      }
    }
    return times;
  }
}

const endingOf = (id: string): string => `.cookbook-${id}`;

function isEventFile(name: string, ids: readonly string[]): boolean {
  return name.startsWith(PREFIX) && ids.some((id) => name.endsWith(endingOf(id)));
}

function framed(given: readonly (Uint8Array | null)[]): Buffer {
  return Buffer.concat(given.flatMap((event) => (event === null ? [] : [encodeRecord(event)])));
}
