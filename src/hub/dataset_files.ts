// Which files of a data set hold which split of which configuration: as its card says, and otherwise by their names, in the
// ways of Hugging Face datasets (https://huggingface.co/docs/hub/datasets-data-files-configuration).

import { basename } from 'node:path';
import { parse } from 'yaml';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { ConfigurationError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import { isPattern, pathMatcher } from './path_glob.ts';

export interface Split {
  /** Their paths. */
  files: readonly string[];
  /**
   * Whether other files than these may be of it too, if these are all that is known: not where a card names each file, and
   * not of files that are numbered as one series. A file that is the only one by its name is taken for all.
   */
  open: boolean;
}

type Splits = ReadonlyMap<string, Split>;

export interface DataFiles {
  configurations: ReadonlyMap<string, Splits>;
  /** The configuration that is meant where none is named; null where there are several and no default. */
  fallback: string | null;
}

const DEFAULT = 'default';

/** Formats that are read, the ones that are preferred first. A data set that is kept in several has the same rows in each. */
const EXTENSIONS = [/\.parquet$/, /\.(jsonl|ndjson|json)(\.gz)?$/, /\.(csv|tsv)(\.gz)?$/];
/** Beside the data in many repositories, and about them. */
const ABOUT = /(^|\/)(dataset_infos?|dataset_dict|state|config)\.json$/;

/** `CONFIGURATION/SPLIT/0000.parquet`, as the hub converts data sets; of large ones it converts a part. */
const CONVERTED = /^([^/]+)\/(?:partial-)?([^/]+)\/\d{4}\.parquet$/;

const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};

/** @param card the text of README.md, or null */
export function dataFilesOf(paths: readonly string[], card: string | null): DataFiles {
  const visible = paths.filter((path) => !/(^|\/)[._]/.test(path)).sort();
  const declared = card === null ? null : declaredIn(card, visible);
  if (declared !== null) return declared;
  const configurations = byNames(ofOneFormat(visible));
  return { configurations, fallback: fallbackOf([...configurations.keys()]) };
}

function fallbackOf(names: readonly string[]): string | null {
  return names.includes(DEFAULT) || names.length !== 1 ? (names.find((name) => name === DEFAULT) ?? null) : names[0];
}

function ofOneFormat(paths: readonly string[]): string[] {
  const data = paths.filter((path) => !ABOUT.test(path));
  const found = EXTENSIONS.map((extension) => data.filter((path) => extension.test(path)));
  return found.find(({ length }) => length > 0) ?? [];
}

/** Directories are configurations where all files lie in such: `CONFIGURATION/train-00000-of-00002.parquet`. */
function byNames(paths: readonly string[]): Map<string, Splits> {
  const areConfigurations = paths.every((path) => directoryOf(path) !== null);
  const files = new Map<string, Map<string, string[]>>();
  for (const path of paths) {
    const name = (areConfigurations ? directoryOf(path) : null) ?? DEFAULT;
    const splits = files.get(name) ?? new Map<string, string[]>();
    const split = splitOf(path);
    files.set(name, splits.set(split, [...(splits.get(split) ?? []), path]));
  }
  return new Map([...files].map(([name, splits]) => [name, new Map([...splits].map(namedSplit))]));
}

function namedSplit([name, files]: [string, readonly string[]]): [string, Split] {
  return [name, { files, open: files.length !== 1 && !isSeries(files) }];
}

/** The directory of a file, where it may stand for a configuration. */
function directoryOf(path: string): string | null {
  const converted = CONVERTED.exec(path);
  if (converted !== null) return converted[1];
  const [first = '', ...below] = path.split('/');
  return below.length === 0 || first === 'data' || keywordIn(first) !== null ? null : first;
}

/** `SPLIT-00000-of-00003.parquet` is of any split; other names, and directories, of one that they have the word of. */
function splitOf(path: string): string {
  const converted = CONVERTED.exec(path);
  if (converted !== null) return converted[2];
  const sharded = /^(\w+(?:\.\w+)*)-\d{5}-of-\d{5}/.exec(basename(path))?.[1];
  if (sharded !== undefined) return sharded;
  const [found = 'train'] = path
    .split('/')
    .reverse()
    .flatMap((part) => keywordIn(part) ?? []);
  return found;
}

function keywordIn(name: string): string | null {
  const words = name.toLowerCase().split(/[^a-z]+/);
  const found = Object.entries(KEYWORDS).find(([, keywords]) => keywords.some((keyword) => words.includes(keyword)));
  return found?.[0] ?? null;
}

/** What `configs` in the front matter of a card say; null where it says nothing of the kind. */
function declaredIn(card: string, paths: readonly string[]): DataFiles | null {
  const { configs } = frontMatter(card);
  const given = (Array.isArray(configs) ? configs : []).filter(isJsonObject);
  const configurations = new Map(
    given.flatMap((config): [string, Splits][] =>
      typeof (config.config_name ?? DEFAULT) === 'string'
        ? [[String(config.config_name ?? DEFAULT), splitsOf(config, paths)]]
        : [],
    ),
  );
  if (configurations.size === 0) return null;
  const marked = given.find((config) => config.default === true)?.config_name;
  return {
    configurations,
    fallback: typeof marked === 'string' ? marked : fallbackOf([...configurations.keys()]),
  };
}

function splitsOf({ data_files: data, data_dir: directory }: JsonObject, paths: readonly string[]): Splits {
  const root = typeof directory === 'string' ? `${directory.replace(/^\.?\/+|\/+$/g, '')}/` : '';
  const patterns = patternsOf(data);
  if (patterns.length === 0) {
    const names = byNames(ofOneFormat(paths.filter((path) => path.startsWith(root))));
    return [...names.values()][0] ?? new Map();
  }
  return new Map(
    patterns.map(([split, texts]): [string, Split] => {
      const full = texts.map((text) => root + text.replace(/^\.\//, ''));
      const found = full.map((text) => paths.filter(pathMatcher(text)));
      const files = new Set(found.flat());
      const open = found.some((some, at) => some.length === 0 || (isPattern(full[at]) && !isSeries(some)));
      return [split, { files: paths.filter((path) => files.has(path)), open }];
    }),
  );
}

/** Patterns by split. Those without one are of train. */
function patternsOf(data: JsonValue | undefined): [string, string[]][] {
  const list = Array.isArray(data) ? data : [data];
  const bare = textsOf(list);
  const named = isJsonObject(data)
    ? Object.entries(data)
    : list
        .filter(isJsonObject)
        .flatMap(({ split, path }): [string, JsonValue | undefined][] =>
          typeof split === 'string' ? [[split, path]] : [],
        );
  const all = named.map(([split, value]): [string, string[]] => [split, textsOf([value].flat())]);
  return bare.length === 0 ? all : [['train', bare], ...all];
}

function textsOf(values: readonly (JsonValue | undefined)[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

function frontMatter(card: string): JsonObject {
  const text = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  try {
    const value: unknown = parse(text, { logLevel: 'error' });
    return isJsonObject(value) ? value : {};
  } catch {
    // A card is written for people: what is wrong with it keeps nobody from the data.
    return {};
  }
}

/**
 * The files of a split. `name`: that of a configuration; null is the one that there is, or the default.
 * @throws ConfigurationError that lists what there is
 */
export function filesOfSplit(
  { configurations, fallback }: DataFiles,
  { dataset, name, split }: { dataset: string; name: string | null; split: string },
): Split {
  const names = [...configurations.keys()];
  if (names.length === 0) {
    throw new ConfigurationError(`the data set ${dataset} has no files of rows (Parquet, JSON Lines, csv)`, {
      hint: 'A file of another name can be read by itself, as hf://datasets/ORG/NAME/PATH.',
    });
  }
  const chosen = name ?? fallback;
  if (chosen === null) {
    throw new ConfigurationError(`the data set ${dataset} has several configurations, and none is its default`, {
      hint: `Set name to one of ${listed(names)}.`,
    });
  }
  const splits = configurations.get(chosen);
  if (splits === undefined) throw unknown('configuration', chosen, names, dataset);
  const found = splits.get(split);
  if (found === undefined) throw unknown('split', split, [...splits.keys()], dataset);
  if (found.files.length === 0)
    throw new ConfigurationError(`the data set ${dataset} has no file of the split ${split} that its card promises`);
  refuseIncomplete(found.files, dataset);
  return found;
}

/** `START-*-of-00003` of a file that is one of so many; null of any other. */
function seriesOf(file: string): string | null {
  const [, start, total] = /^(.*)-\d{5}-of-(\d{5})/.exec(file) ?? [];
  return start === undefined ? null : `${start}-*-of-${total}`;
}

function isSeries(files: readonly string[]): boolean {
  const series = new Set(files.map(seriesOf));
  return series.size === 1 && !series.has(null);
}

/** Files say of how many they are one: of fewer, a run would train on a part, as in a cache that was filled in part. */
function refuseIncomplete(files: readonly string[], dataset: string): void {
  const found = new Map<string, number>();
  for (const file of files) {
    const name = seriesOf(file);
    if (name !== null) found.set(name, (found.get(name) ?? 0) + 1);
  }
  for (const [name, count] of found) {
    const total = Number(name.slice(-5));
    if (count >= total) continue;
    throw new ConfigurationError(`the data set ${dataset} has ${count} of the ${total} files of ${printable(name)}`, {
      hint: 'Without a network only what was downloaded before is there: run it once with one.',
    });
  }
}

function unknown(what: string, name: string, known: readonly string[], dataset: string): ConfigurationError {
  const near = closestNames(name, known);
  return new ConfigurationError(`the data set ${dataset} has no ${what} ${JSON.stringify(name)}${didYouMean(near)}`, {
    hint: `It has ${listed(known)}.`,
  });
}

const MOST_LISTED = 20;

/** The names are somebody else's, and may be many. */
function listed(names: readonly string[]): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return printable(names.slice(0, MOST_LISTED).join(', ')) + more;
}
