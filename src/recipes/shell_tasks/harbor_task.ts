// Tasks for agents with a shell, in the layout of Harbor (harborframework.com): a directory with task.toml, instruction.md,
// environment/ and tests/test.sh. A Dockerfile cannot be built in a sandbox: of one, only what it copies is taken.

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'smol-toml';
import { DataFormatError, DataValidationError } from '../../util/errors.ts';
import { isJsonObject } from '../../util/json.ts';
import { filesBelow, type TaskFiles, taskFile } from './task_files.ts';

export interface HarborTask {
  name: string;
  instruction: string;
  /** Below the working directory. */
  environment: TaskFiles;
  /** Below /tests; `test.sh` among them. */
  tests: TaskFiles;
  verifier_seconds: number;
}

const DEFAULT_SECONDS = 60;
const MOST_SECONDS = 86_400;
const BUILD_FILES = new Set(['Dockerfile', 'docker-compose.yaml', '.dockerignore']);

/** The tasks of a directory, in the order of their names; a directory that is a task itself is the only one. */
export async function readHarborTasks(directory: string): Promise<HarborTask[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw new DataFormatError(`${directory}: there is no such directory`, { cause: error });
  });
  if (entries.some(({ name }) => name === 'task.toml')) return [await readHarborTask(directory)];
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  const tasks: HarborTask[] = [];
  for (const name of names.sort()) tasks.push(await readHarborTask(join(directory, name)));
  if (tasks.length === 0) throw new DataValidationError(`${directory}: holds no task: a directory with task.toml`);
  return tasks;
}

async function readHarborTask(directory: string): Promise<HarborTask> {
  const required = async (name: string) => {
    const file = await taskFile(join(directory, name));
    const text = file === null ? null : file.bytes.toString('utf8');
    if (text !== null && text.trim() !== '') return text;
    throw new DataValidationError(`${directory}: ${name} is ${text === null ? 'missing' : 'empty'}`);
  };
  const settings = settingsIn(await required('task.toml'), directory);
  await required('tests/test.sh');
  const environment = await filesBelow(join(directory, 'environment'));
  return {
    name: basename(directory),
    instruction: (await required('instruction.md')).trim(),
    environment: Object.fromEntries(Object.entries(environment).filter(([path]) => !BUILD_FILES.has(path))),
    tests: await filesBelow(join(directory, 'tests')),
    verifier_seconds: settings,
  };
}

function settingsIn(text: string, directory: string): number {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : '').split('\n');
    throw new DataFormatError(`${directory}/task.toml: is no TOML: ${reason}`, { cause: error });
  }
  const verifier = isJsonObject(value) && isJsonObject(value.verifier) ? value.verifier : {};
  const seconds = verifier.timeout_sec ?? DEFAULT_SECONDS;
  if (typeof seconds === 'number' && seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw new DataValidationError(
    `${directory}/task.toml: verifier.timeout_sec must be a number of seconds, at most those of a day`,
  );
}
