// The checkpoints of all training runs, on disk: what was acknowledged once is served again by a server that is started anew.
//
// A run has a directory of its own, with training_run.json and its checkpoints. A checkpoint counts from the moment in which it stands
// in training_run.json, which is replaced as a whole; it is written before that, and deleted after it is gone from there. One that is
// overwritten lies in another directory than the new one, so that a name always means one of the two. The directory goes with the
// last checkpoint of a run that nobody trains.

import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CheckpointError } from '../../util/errors.ts';
import {
  entriesOf,
  errorCode,
  exists,
  filesSize,
  jsonText,
  makeDirectory,
  readJson,
  reasonOf,
  writeFileAtomic,
} from '../../util/files.ts';
import { type CheckpointAddress, checkpointAddress, checkpointPath, KINDS } from './checkpoint_paths.ts';
import { copyDirectory, discard, newPlace, placeOf, removeEmpty, sweep } from './places.ts';
import { Refusal } from './refusal.ts';
import { type CheckpointRecord, type RunRecord, runShape } from './run_record.ts';

const RECORD_FILE = 'training_run.json';

export interface FoundCheckpoint {
  run: RunRecord;
  checkpoint: CheckpointRecord;
  directory: string;
}

interface Entry {
  run: RunRecord;
  /** It may yet save something. */
  isTrained: boolean;
  /** Changes of a record come one after another. */
  tail: Promise<unknown>;
}

/** Ids of runs have colons, which not all file systems take. */
const directoryName = (runId: string) => runId.replaceAll(':', '-');
const keyOf = ({ kind, name }: Pick<CheckpointAddress, 'kind' | 'name'>) => `${kind}/${name}`;

export class Checkpoints {
  readonly #directory: string;
  readonly #entries = new Map<string, Entry>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** With the runs that lie there already. `notify` is told of those that cannot be read, which stay as they are. */
  static async open(data: string, notify: (message: string) => void): Promise<Checkpoints> {
    const runs = join(data, 'runs');
    await makeDirectory(runs);
    const checkpoints = new Checkpoints(runs);
    for (const { name } of await entriesOf(runs)) {
      const directory = join(runs, name);
      try {
        const run = await runIn(directory);
        if (run === null) await removeEmpty(directory);
        else await checkpoints.#found(run, await servedPart(run, directory, notify));
      } catch (error) {
        notify(`${directory}: ${reasonOf(error)}; its checkpoints are not served`);
      }
    }
    return checkpoints;
  }

  async #found(run: RunRecord, served: RunRecord): Promise<void> {
    this.#entries.set(run.training_run_id, { run: served, isTrained: false, tail: Promise.resolve() });
    // One whose checkpoints cannot be found, on a disk that is not there, say, is not one that has none.
    if (run.checkpoints.length === 0) await this.end(run.training_run_id);
  }

  /** Where the checkpoints of a run lie. */
  directoryOf(runId: string): string {
    return join(this.#directory, directoryName(runId));
  }

  /** Tells of a run that begins. It is on disk when it has a checkpoint. */
  begin(run: RunRecord): void {
    this.#entries.set(run.training_run_id, { run, isTrained: true, tail: Promise.resolve() });
  }

  /** Nobody trains the run any more: it is forgotten if nothing is left of it. */
  async end(runId: string): Promise<void> {
    const entry = this.#entries.get(runId);
    if (entry === undefined) return;
    entry.isTrained = false;
    await this.#inTurn(entry, () => this.#forgetEmpty(entry));
  }

  /** Newest first. */
  runs(): RunRecord[] {
    return [...this.#entries.values()]
      .map(({ run }) => run)
      .sort((a, b) => (a.last_request_time < b.last_request_time ? 1 : -1));
  }

  run(runId: string): RunRecord {
    return this.#entry(runId).run;
  }

  /** Throws a Refusal for a path of which there is no checkpoint, or none any more. */
  find(path: string): FoundCheckpoint {
    const address = checkpointAddress(path);
    const run = this.#entries.get(address.run)?.run;
    const checkpoint = run?.checkpoints.find((each) => keyOf(each) === keyOf(address));
    if (run === undefined || checkpoint === undefined || isExpired(checkpoint, Date.now())) {
      throw new Refusal(404, `there is no checkpoint ${path}`);
    }
    return { run, checkpoint, directory: join(this.directoryOf(address.run), placeOf(checkpoint)) };
  }

  has(address: CheckpointAddress): boolean {
    const run = this.#entries.get(address.run)?.run;
    return run?.checkpoints.some((each) => keyOf(each) === keyOf(address)) ?? false;
  }

  /** Has written down that a checkpoint is there, in a directory below that of its run; one of this name is gone then. */
  async add(
    address: CheckpointAddress,
    {
      directory,
      ttlSeconds,
      user_metadata,
    }: { directory: string; ttlSeconds: number | null; user_metadata: Record<string, string> },
  ): Promise<string> {
    const { run, kind, name } = address;
    const now = Date.now();
    const checkpoint: CheckpointRecord = {
      kind,
      name,
      directory,
      time: new Date(now).toISOString(),
      size_bytes: await filesSize(join(this.directoryOf(run), directory)),
      expires_at: expiry(ttlSeconds, now),
      public: false,
      user_metadata,
    };
    try {
      await this.#change(run, (others) => [...others.filter((each) => keyOf(each) !== keyOf(address)), checkpoint]);
    } catch (error) {
      // No record will ever name it.
      await discard(this.directoryOf(run), [directory]).catch(() => undefined);
      throw error;
    }
    return checkpointPath(address);
  }

  /** Another checkpoint of the same contents, in a run of its own that nobody trains. */
  async copy(path: string, { runId, ttlSeconds }: { runId: string; ttlSeconds: number | null }): Promise<string> {
    const { run, checkpoint, directory: source } = this.find(path);
    const { kind, name, user_metadata } = checkpoint;
    this.begin({ ...run, training_run_id: runId, checkpoints: [] });
    try {
      const directory = `${KINDS[kind].saved}/${newPlace(name)}`;
      await makeDirectory(join(this.directoryOf(runId), KINDS[kind].saved));
      await copyDirectory(source, join(this.directoryOf(runId), directory));
      return await this.add({ run: runId, kind, name }, { directory, ttlSeconds, user_metadata });
    } finally {
      await this.end(runId);
    }
  }

  async setExpiry(path: string, ttlSeconds: number | null): Promise<void> {
    await this.#update(path, { expires_at: expiry(ttlSeconds, Date.now()) });
  }

  async setPublic(path: string, isPublic: boolean): Promise<void> {
    await this.#update(path, { public: isPublic });
  }

  async remove(path: string): Promise<void> {
    const { run, checkpoint } = this.find(path);
    await this.#drop(run.training_run_id, checkpoint);
  }

  /** Deletes what has outlived its time. One that cannot be deleted keeps no other from it. */
  async expire(now: number): Promise<void> {
    const failures: unknown[] = [];
    for (const run of this.runs()) {
      for (const checkpoint of run.checkpoints.filter((each) => isExpired(each, now))) {
        await this.#drop(run.training_run_id, checkpoint).catch((error: unknown) => failures.push(error));
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** This one alone: another may have been saved under its name in between. */
  async #drop(runId: string, checkpoint: CheckpointRecord): Promise<void> {
    const rest = (all: CheckpointRecord[]) => all.filter((each) => placeOf(each) !== placeOf(checkpoint));
    await this.#change(runId, rest, { frees: true });
  }

  async #update(path: string, fields: Partial<CheckpointRecord>): Promise<void> {
    const { run, checkpoint } = this.find(path);
    await this.#change(run.training_run_id, (all) =>
      all.map((each) => (keyOf(each) === keyOf(checkpoint) ? { ...each, ...fields } : each)),
    );
  }

  /** `frees`: where the disk is too full for the new record, what it does not name any more goes first. */
  async #change(
    runId: string,
    change: (all: CheckpointRecord[]) => CheckpointRecord[],
    { frees = false }: { frees?: boolean } = {},
  ): Promise<void> {
    const entry = this.#entry(runId);
    await this.#inTurn(entry, async () => {
      const before = entry.run.checkpoints;
      const checkpoints = change(before);
      // Two may have deleted the last one at once.
      if (before.length === 0 && checkpoints.length === 0) return;
      const run = { ...entry.run, checkpoints, last_request_time: new Date().toISOString() };
      const directory = this.directoryOf(runId);
      const kept = new Set(checkpoints.map(placeOf));
      const gone = before.map(placeOf).filter((each) => !kept.has(each));
      const write = () => writeFileAtomic(join(directory, RECORD_FILE), jsonText(run));
      await makeDirectory(directory);
      try {
        await write();
      } catch (error) {
        if (!frees || !isFull(error)) throw error;
        await discard(directory, gone);
        // A record of what is gone stands for nothing, so it may stay until there is room for another.
        await write().catch((again: unknown) => {
          if (!isFull(again)) throw again;
        });
      }
      entry.run = run;
      await discard(directory, gone);
      await this.#forgetEmpty(entry);
    });
  }

  async #forgetEmpty({ run, isTrained }: Entry): Promise<void> {
    if (isTrained || run.checkpoints.length > 0) return;
    await rm(this.directoryOf(run.training_run_id), { recursive: true, force: true });
    this.#entries.delete(run.training_run_id);
  }

  async #inTurn(entry: Entry, work: () => Promise<void>): Promise<void> {
    const done = entry.tail.then(work);
    entry.tail = done.catch(() => undefined);
    await done;
  }

  #entry(runId: string): Entry {
    const entry = this.#entries.get(runId);
    if (entry !== undefined) return entry;
    throw new Refusal(404, `there is no training run ${runId}`);
  }
}

/** The record of a run, behind which nothing that a kill has left is found any more; null where there is none. @throws for one that cannot be used */
async function runIn(directory: string): Promise<RunRecord | null> {
  const { value: run, problem } = await readJson(join(directory, RECORD_FILE), runShape);
  if (problem !== null) throw new CheckpointError(problem);
  await sweep(directory, run?.checkpoints ?? []);
  if (run !== null && directoryName(run.training_run_id) !== basename(directory)) {
    throw new CheckpointError('belongs to another run');
  }
  return run;
}

/** Without the checkpoints of which nothing is left but their line. */
async function servedPart(run: RunRecord, directory: string, notify: (message: string) => void): Promise<RunRecord> {
  const are = await Promise.all(run.checkpoints.map((each) => exists(join(directory, placeOf(each)))));
  for (const { kind, name } of run.checkpoints.filter((_, i) => are[i] === false)) {
    notify(`${checkpointPath({ run: run.training_run_id, kind, name })} is gone from ${directory}, and is not served`);
  }
  return { ...run, checkpoints: run.checkpoints.filter((_, i) => are[i]) };
}

/** Whether nothing more fits on a disk. */
function isFull(error: unknown): boolean {
  const code = errorCode(error instanceof Error ? error.cause : null);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function expiry(ttlSeconds: number | null, now: number): string | null {
  return ttlSeconds === null ? null : new Date(now + 1000 * ttlSeconds).toISOString();
}

/** Whether a checkpoint is gone for clients, deleted already or not. */
export function isExpired({ expires_at }: CheckpointRecord, now: number): boolean {
  return expires_at !== null && Date.parse(expires_at) <= now;
}
