// loggers.json: the name that a run directory goes by with the loggers of its run, from its first attempt on.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createFileAtomic, jsonText, readJson, writeFileAtomic } from '../util/files.ts';
import { jsonShape } from '../util/json_shape.ts';

/** It becomes part of names of files and of questions to servers. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
const shape = jsonShape<{ id: string }>({ id: isId });

/** The name, made where there is none yet or none that can be read. For the holder of the lease. */
export async function loggerId(directory: string): Promise<string> {
  const path = join(directory, 'loggers.json');
  const { value, problem } = await readJson(path, shape);
  if (value !== null) return value.id;
  const id = randomUUID().replaceAll('-', '');
  if (problem !== null) await writeFileAtomic(path, jsonText({ id }));
  else await createFileAtomic(path, jsonText({ id }));
  return id;
}
