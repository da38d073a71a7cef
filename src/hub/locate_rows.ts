// Where a file of rows lies: a path is its own answer, and hf://datasets/… is a file of the hub's cache, downloaded once.

import { closestNames, didYouMean } from '../registry/suggest.ts';
import { ConfigurationError } from '../util/errors.ts';
import { printable } from '../util/printable.ts';
import { cachedFile, type DatasetOptions, openHubDataset, soughtIn } from './dataset.ts';
import { hubPathText, isHubPath, parseHubPath } from './hub_path.ts';
import { hubSettings } from './hub_settings.ts';
import { mergedParquet } from './merged_parquet.ts';
import { isPattern, pathMatcher } from './path_glob.ts';

/**
 * The local file that `path` names. A pattern, as hf://datasets/ORG/NAME/data/train-*.parquet, stands for the rows of all
 * Parquet files that it fits, in the order of their names, as one.
 * @throws ConfigurationError for a name that leads to nothing
 */
export async function locateRows(path: string, options: DatasetOptions = {}): Promise<string> {
  if (!isHubPath(path)) return path;
  const settings = options.settings ?? (await hubSettings(process.env));
  const { dataset: name, revision, path: wanted } = parseHubPath(path);
  const there = await cachedFile({ name, revision }, wanted, settings);
  if (there !== null) return there;
  const dataset = await openHubDataset({ name, revision }, { ...options, settings });
  const isThere = dataset.paths.includes(wanted);
  const missing = () => soughtIn(dataset, () => refuse(noSuchFile(path, wanted, dataset.paths)));
  if (!isPattern(wanted) || isThere) {
    if (!isThere) return missing();
    return await dataset.locate(wanted);
  }
  const fits = pathMatcher(wanted);
  const found = dataset.paths.filter((each) => fits(each)).sort();
  if (dataset.cachedOnly !== null && found.length > 0) throw partOnly(path, dataset.cachedOnly);
  const [only, ...others] = found;
  if (only === undefined) return missing();
  if (others.length === 0) return await dataset.locate(only);
  const odd = found.find((each) => !each.endsWith('.parquet'));
  if (odd !== undefined) {
    throw new ConfigurationError(
      `${path}: fits ${found.length} files, among them ${printable(odd)}, which is not Parquet`,
      {
        hint: 'Several files can be read as one where all are Parquet; else name one of them.',
      },
    );
  }
  const files: string[] = [];
  for (const each of found) files.push(await dataset.locate(each));
  return await mergedParquet(files, hubPathText({ dataset: name, revision: dataset.commit, path: wanted }));
}

/** Whether reading a file of rows asks no hub: a local one, or one of a commit that the cache holds. */
export async function isAtHand(path: string): Promise<boolean> {
  if (!isHubPath(path)) return true;
  const { dataset: name, revision, path: file } = parseHubPath(path);
  return (await cachedFile({ name, revision }, file, await hubSettings(process.env))) !== null;
}

/** A part would be taken for the whole, and kept as that. */
function partOnly(path: string, why: string): ConfigurationError {
  return new ConfigurationError(`${path}: fits several files, and only those in the cache are known: ${why}`, {
    hint: 'Name one file of them, or try again where the hub can be reached.',
  });
}

function refuse(error: ConfigurationError): never {
  throw error;
}

function noSuchFile(given: string, wanted: string, paths: readonly string[]): ConfigurationError {
  const what = isPattern(wanted) ? 'no file fits' : 'there is no such file in the data set';
  const near = closestNames(wanted, paths).map(printable);
  return new ConfigurationError(`${given}: ${what}${didYouMean(near)}`, {
    hint: `It has ${printable(paths.slice(0, MOST_LISTED).join(', '))}${paths.length > MOST_LISTED ? ', …' : ''}`,
  });
}

const MOST_LISTED = 10;
