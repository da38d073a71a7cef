// The recipes that ship: every config and sweep of the package, each with its head.

import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { ConfigurationError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';
import { type Head, readHead } from './head.ts';

/** Where the package lies, with its configs, its sweeps and their data. */
export const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

const FOLDERS = { config: 'configs', sweep: 'sweeps' } as const;
type RecipeKind = keyof typeof FOLDERS;

export interface Recipe {
  name: string;
  kind: RecipeKind;
  /** Absolute. */
  file: string;
  /** The file, as it is written. */
  source: string;
  head: Head;
  /** What is wrong with its head. */
  problems: string[];
}

/** By kind and name. */
export async function readShelf(): Promise<Recipe[]> {
  return [...(await recipesOf('config')), ...(await recipesOf('sweep'))];
}

async function recipesOf(kind: RecipeKind): Promise<Recipe[]> {
  const directory = join(PACKAGE, FOLDERS[kind]);
  const names = (await readdir(directory)).filter((name) => name.endsWith('.yaml')).sort();
  return await Promise.all(
    names.map(async (name) => {
      const file = join(directory, name);
      const source = await readFile(file, 'utf8');
      return { name: basename(name, '.yaml'), kind, file, source, ...readHead(source) };
    }),
  );
}

/** @throws ConfigurationError for a name that no recipe has */
export function recipeCalled(called: string, shelf: readonly Recipe[]): Recipe {
  const name = basename(called, '.yaml');
  const found = shelf.find((recipe) => recipe.name === name);
  if (found !== undefined) return found;
  const names = shelf.map((recipe) => recipe.name);
  throw new ConfigurationError(`no recipe "${called}"${didYouMean(closestNames(name, names))}`, {
    hint: `"${programName()} recipes" lists all that there is.`,
  });
}
