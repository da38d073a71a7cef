// loggers.json: the name that a run directory goes by with the loggers of its run, from its first attempt on. A copy of the
// directory gets another one: what they keep under the first is the original's.

import { randomUUID } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { createFileAtomic, jsonText, readJson, writeFileAtomic } from '../util/files.ts';
import { isOptional, jsonShape } from '../util/json_shape.ts';

export interface LoggerId {
  id: string;
  /** The name of the directory that this one was copied from, with all that loggers keep in it; null where it is no copy. */
  copyOf: string | null;
}

const NAME = 'loggers.json';

/** It becomes part of names of files and of questions to servers. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
const isPlace = (value: unknown): value is string => typeof value === 'string' && isAbsolute(value);

interface Recorded {
  id: string;
  /** Where the last attempt was, on whichever machine. Older versions did not say. */
  directory: string | undefined;
  copy_of: string | undefined;
}

const shape = jsonShape<Recorded>({ id: isId, directory: isOptional(isPlace), copy_of: isOptional(isId) });

/**
 * The name, made where there is none yet or none that can be read. For the holder of the lease.
 * @param logPath where the run was begun, as run.json says
 */
export async function loggerId(directory: string, logPath: string): Promise<LoggerId> {
  const path = join(directory, NAME);
  const here = await realpath(directory);
  const { value, problem } = await readJson(path, shape);
  if (value === null) {
    const made = { id: newId(), copyOf: null };
    const text = textOf(made, here);
    if (problem !== null) await writeFileAtomic(path, text);
    else await createFileAtomic(path, text);
    return made;
  }
  const { id, directory: last, copy_of: copyOf = null } = value;
  if (last === here) return { id, copyOf };
  const isCopy = await isInOneOf([last, logPath], here, id);
  const name = isCopy ? { id: newId(), copyOf: id } : { id, copyOf };
  await writeFileAtomic(path, textOf(name, here));
  return name;
}

const newId = (): string => randomUUID().replaceAll('-', '');

function textOf({ id, copyOf }: LoggerId, directory: string): string {
  return jsonText({ id, directory, ...(copyOf !== null && { copy_of: copyOf }) });
}

/**
 * Whether another directory goes by this name too. Only that makes a copy: a run that was moved, or brought to another machine, lies
 * in another place as well, and is the same run.
 */
async function isInOneOf(places: readonly (string | undefined)[], here: string, id: string): Promise<boolean> {
  const own = await stat(here);
  for (const place of places) {
    if (!isPlace(place)) continue;
    const there = await stat(place).catch(() => null);
    if (there === null || (there.dev === own.dev && there.ino === own.ino)) continue;
    if ((await readJson(join(place, NAME), shape)).value?.id === id) return true;
  }
  return false;
}
