// Copies a recipe out of the package with all that it refers to, so that it runs where it then lies.

import { copyFile, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Confirm } from '../run/ask.ts';
import { ConfigurationError } from '../util/errors.ts';
import { explainingFailure, makeDirectory, pathFrom, writeFileAtomic } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { quote } from '../util/program_name.ts';
import { type Reference, referencesIn, rootOfMaterial, schemaIn } from './references.ts';
import { PACKAGE, type Recipe, readShelf, recipeCalled } from './shelf.ts';

export interface CopyOptions {
  /** Directory that is copied to; it is made where it is not there. */
  to: string;
  cwd: string;
  /** Replaces files without a question. */
  yes: boolean;
  /** Null where there is nobody to ask. */
  confirm: Confirm;
}

export interface CopiedRecipe {
  /** Specs that lie there now, the recipe's own last, as one would type them. */
  specs: string[];
  /** Files that were written, and those that lay there already as they should be. */
  written: string[];
  unchanged: string[];
  /** What to type next. */
  commands: string[];
}

/** A file that is to lie at `path`: one of the package, or a text. */
type Planned = { path: string; from: string } | { path: string; text: string };

/**
 * Null where the answer was no: then nothing was written.
 * @throws ConfigurationError for an unknown recipe, and for other files in the way where there is nobody to ask
 */
export async function copyRecipe(name: string, options: CopyOptions): Promise<CopiedRecipe | null> {
  const shelf = await readShelf();
  const recipe = recipeCalled(name, shelf);
  const specs = [...new Set(withWhatItNeeds(recipe, shelf, []))];
  const directory = resolve(options.cwd, options.to);
  const moved = (text: string) => withPlaces(text, specs, pathFrom(options.cwd, directory));
  const planned = [
    ...specs.map((spec) => ({
      path: join(directory, basename(spec.file)),
      text: moved(rewritten(spec, directory, options.cwd)),
    })),
    ...(await materialOf(specs, directory)),
  ];
  const states = await Promise.all(planned.map(stateOf));
  const differing = planned.filter((_, i) => states[i] === 'other').map(({ path }) => pathFrom(options.cwd, path));
  if (differing.length > 0 && !(await mayReplace(differing, options))) return null;
  const missing = planned.filter((_, i) => states[i] !== 'same');
  for (const file of missing) await write(file);
  return {
    specs: specs.map((spec) => pathFrom(options.cwd, join(directory, basename(spec.file)))),
    written: missing.map(({ path }) => pathFrom(options.cwd, path)),
    unchanged: planned.filter((_, i) => states[i] === 'same').map(({ path }) => pathFrom(options.cwd, path)),
    commands: recipe.head.commands.map(moved),
  };
}

/** The specs that it extends or sweeps over, and those that its head says have to run first; it comes last itself. */
function withWhatItNeeds(recipe: Recipe, shelf: readonly Recipe[], chain: readonly Recipe[]): Recipe[] {
  if (chain.includes(recipe)) return [];
  const { source, file, head } = recipe;
  const named = head.commands.flatMap((command) => [...command.matchAll(SPEC_OF_PACKAGE)].map(([, , name]) => name));
  const files = referencesIn(source, file).flatMap(({ is, target }) => (is === 'spec' ? target : []));
  const needed = shelf.filter((each) => named.includes(each.name) || files.includes(each.file));
  return [...needed.flatMap((each) => withWhatItNeeds(each, shelf, [...chain, recipe])), recipe];
}

const SPEC_OF_PACKAGE = /\b(configs|sweeps)\/([\w-]+)\.yaml\b/g;

/** What is said of specs that are copied is said of the copies. */
function withPlaces(text: string, specs: readonly Recipe[], directory: string): string {
  return text
    .split('\n')
    .map((line) =>
      line.startsWith('#') || line.startsWith('cookbook ')
        ? line.replaceAll(SPEC_OF_PACKAGE, (path, _folder, name) =>
            specs.some((spec) => spec.name === name) ? quote(join(directory, `${name}.yaml`)) : path,
          )
        : line,
    )
    .join('\n');
}

/** Its source with every place that it names as it is called from the directory. */
function rewritten({ source, file }: Recipe, directory: string, cwd: string): string {
  const schema = schemaIn(source, file);
  const references = [...(schema === null ? [] : [schema]), ...referencesIn(source, file)];
  let text = source;
  for (const reference of references.sort((a, b) => b.start - a.start)) {
    text = text.slice(0, reference.start) + written(reference, directory, cwd) + text.slice(reference.end);
  }
  return text;
}

function written({ is, target }: Reference, directory: string, cwd: string): string {
  if (is === 'spec') return plainOrQuoted(basename(target));
  if (is === 'material') return plainOrQuoted(relative(PACKAGE, target));
  return plainOrQuoted(relative(directory, resolve(cwd, target)));
}

/** A text without a slash in front may be taken for a name. */
function plainOrQuoted(path: string): string {
  const place = /^\.{0,2}\//.test(path) ? path : `./${path}`;
  return /^[\w./-]+$/.test(place) ? place : JSON.stringify(place);
}

/** The files of the package that the specs refer to, each once. */
async function materialOf(specs: readonly Recipe[], directory: string): Promise<Planned[]> {
  const roots = specs.flatMap(({ source, file }) => [
    ...[schemaIn(source, file)?.target ?? []].flat(),
    ...referencesIn(source, file).flatMap(({ is, target }) => (is === 'material' ? rootOfMaterial(target, file) : [])),
  ]);
  const files = (await Promise.all([...new Set(roots)].map(filesBelow))).flat();
  return [...new Set(files)].sort().map((from) => ({ path: join(directory, relative(PACKAGE, from)), from }));
}

async function filesBelow(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function stateOf(file: Planned): Promise<'missing' | 'same' | 'other'> {
  const there = await stat(file.path).catch(() => null);
  if (there === null) return 'missing';
  if (!there.isFile()) return 'other';
  const wanted = 'text' in file ? Buffer.from(file.text) : await readFile(file.from);
  return wanted.length === there.size && wanted.equals(await readFile(file.path)) ? 'same' : 'other';
}

async function mayReplace(paths: readonly string[], { yes, confirm }: CopyOptions): Promise<boolean> {
  if (yes) return true;
  const [first = '', ...others] = paths;
  const named = others.length === 0 ? first : `${first} and ${plural(others.length, 'other file')}`;
  if (confirm !== null) return await confirm(`${named} would be replaced. Replace`);
  throw new ConfigurationError(`${named} would be replaced`, {
    hint: 'Name another directory, or give --yes to replace what lies there.',
  });
}

async function write(file: Planned): Promise<void> {
  await makeDirectory(dirname(file.path));
  if ('text' in file) await writeFileAtomic(file.path, file.text);
  else await explainingFailure('write', file.path, () => copyFile(file.from, file.path));
}
