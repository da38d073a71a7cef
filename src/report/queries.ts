// Saved questions: files of SQL in directories called `queries`, asked by their names.

import { readdirSync, realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { nearPathsHint } from '../spec/near_files.ts';
import { ConfigurationError } from '../util/errors.ts';
import { errorCode, isWithin, pathFrom, reasonOf } from '../util/files.ts';
import { readRegularFileSync } from '../util/regular_file.ts';
import type { Question } from './sql.ts';

export interface SavedQuestion {
  name: string;
  /** Relative to the working directory where it lies below it, else absolute. */
  file: string;
  /** What its first line says, where that is a comment. */
  about: string | null;
}

/** Where questions are looked for by name. */
export interface QuestionPlaces {
  /** The directories that hold the runs. */
  directories: readonly string[];
  cwd: string;
}

const SHIPPED = fileURLToPath(new URL('../../queries', import.meta.url));
/** A name is one part of a path, so that it leads to no other directory. */
const NAME = /^[^/\\\0.][^/\\\0]*$/;
const SUFFIX = '.sql';
const LIMIT_BYTES = 2 ** 20;

/**
 * A question by what the user calls it: `-` is standard input, what has a slash or ends in `.sql` is a file, and anything else
 * is the name of a saved question.
 * @throws ConfigurationError for one that is not there
 */
export async function readQuestion(called: string, places: QuestionPlaces): Promise<Question> {
  if (called === '-') return { sql: await text(process.stdin), file: 'stdin' };
  if (called.includes('/') || called.endsWith(SUFFIX)) {
    return { sql: read(resolve(places.cwd, called), called, places.cwd), file: called };
  }
  const saved = savedQuestions(places);
  const found = saved.find(({ name }) => name === called);
  if (found !== undefined) {
    return { sql: read(resolve(places.cwd, found.file), found.file, places.cwd), file: found.file };
  }
  const names = saved.map(({ name }) => name);
  throw new ConfigurationError(`no saved question "${called}"${didYouMean(closestNames(called, names))}`, {
    hint: `There is ${names.join(', ')}. A question of your own is a file queries/NAME.sql; any other file is named with its path.`,
  });
}

/** By name. Of several of one name the one that counts: beside the runs, then in the working directory, then the package's own. */
export function savedQuestions({ directories, cwd }: QuestionPlaces): SavedQuestion[] {
  const places = [
    ...directories.map((directory) => resolve(cwd, directory, 'queries')),
    resolve(cwd, 'queries'),
    SHIPPED,
  ];
  const questions = new Map<string, SavedQuestion>();
  for (const place of places) {
    for (const file of filesIn(place)) {
      const name = basename(file, SUFFIX);
      if (questions.has(name)) continue;
      questions.set(name, { name, file: pathFrom(cwd, file), about: aboutOf(file) });
    }
  }
  return [...questions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Files of SQL in a directory, without those whose links lead out of it. */
function filesIn(directory: string): string[] {
  try {
    const real = realpathSync(directory);
    return readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX) && NAME.test(name))
      .map((name) => join(directory, name))
      .filter((file) => isWithin(realpathSync(file), real));
  } catch {
    return [];
  }
}

function aboutOf(file: string): string | null {
  try {
    const [, about] = /^\s*--\s*(.+)/.exec(readRegularFileSync(file, LIMIT_BYTES)) ?? [];
    return about?.trim() ?? null;
  } catch {
    return null;
  }
}

function read(path: string, called: string, cwd: string): string {
  try {
    return readRegularFileSync(path, LIMIT_BYTES);
  } catch (error) {
    const reason = errorCode(error) === 'ENOENT' ? `no such file${nearPathsHint(called, cwd)}` : reasonOf(error);
    throw new ConfigurationError(`${called}: ${reason}`, { cause: error });
  }
}
