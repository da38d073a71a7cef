// The files of one split of a data set on this machine.

import pLimit from 'p-limit';
import { ConfigurationError } from '../util/errors.ts';
import { printable } from '../util/printable.ts';
import { readRegularStart } from '../util/regular_file.ts';
import {
  type DatasetName,
  type DatasetOptions,
  type HubDataset,
  ONCE_ONLINE,
  openHubDataset,
  soughtIn,
} from './dataset.ts';
import { dataFilesOf, filesOfSplit } from './dataset_files.ts';
import { hubPathText } from './hub_path.ts';
import { mergedParquet } from './merged_parquet.ts';

const CARD = 'README.md';
/** What is declared stands at the beginning; the rest is for people, and may be long. */
const MOST_OF_CARD = 2 ** 20;
/** More would not be faster, and a hub answers too many with 429. */
const DOWNLOADS_AT_A_TIME = 4;

/** Of a commit, in a message. */
const SHOWN_DIGITS = 12;

export interface SplitFile {
  file: string;
  /** As messages call it: hf://datasets/… */
  name: string;
}

/**
 * In the order of their rows.
 * @throws ConfigurationError that lists what there is, where there is no such configuration or split
 */
export async function locateSplit(
  { name: dataset, revision }: DatasetName,
  { configuration, split }: { configuration: string | null; split: string },
  options: DatasetOptions = {},
): Promise<SplitFile[]> {
  const opened = await openHubDataset({ name: dataset, revision }, options);
  const { paths, commit, locate } = opened;
  const card = await cardOf(opened);
  const wanted = { dataset, name: configuration, split };
  const { files, open } = soughtIn(opened, () => filesOfSplit(dataFilesOf(paths, card), wanted));
  if (open && opened.cachedOnly !== null) throw maybePart(opened, opened.cachedOnly, { split, files });
  const limit = pLimit(DOWNLOADS_AT_A_TIME);
  return await Promise.all(
    files.map(async (path) => ({
      file: await limit(() => locate(path)),
      name: hubPathText({ dataset, revision: commit.slice(0, SHOWN_DIGITS), path }),
    })),
  );
}

/** Null where there is none. Where it is not known whether there is, the files of a split are not known either. */
async function cardOf(dataset: HubDataset): Promise<string | null> {
  const { name, paths, cachedOnly, locate, lacks } = dataset;
  if (paths.includes(CARD)) return (await readRegularStart(await locate(CARD), MOST_OF_CARD)).text;
  if (await lacks(CARD)) return null;
  throw new ConfigurationError(
    `the cache has no card (${CARD}) of the data set ${name}, which says what files make a split, and ${cachedOnly}`,
    { hint: `${ONCE_ONLINE} ${BY_ITSELF}` },
  );
}

const BY_ITSELF = 'Or name a file by itself: hf://datasets/ORG/NAME/PATH.';

/** A part would be taken for the whole, under the identity of the whole. */
function maybePart(
  { name }: HubDataset,
  why: string,
  { split, files }: { split: string; files: readonly string[] },
): ConfigurationError {
  const held = files.length === 1 ? printable(files[0]) : `${files.length} files`;
  return new ConfigurationError(
    `of the split ${split} of ${name} the cache holds ${held}, and nothing there says whether that is all: ${why}`,
    { hint: `${ONCE_ONLINE} ${BY_ITSELF}` },
  );
}

/**
 * The rows of a split as one file, for readers that take one. Throws as above, and a ConfigurationError for several files that
 * are not Parquet.
 */
export async function locateSplitFile(
  dataset: DatasetName,
  wanted: { configuration: string | null; split: string },
  options: DatasetOptions = {},
): Promise<string> {
  const files = await locateSplit(dataset, wanted, options);
  const [first, ...others] = files;
  if (first !== undefined && others.length === 0) return first.file;
  const odd = files.find(({ file }) => !file.endsWith('.parquet'));
  if (odd === undefined) {
    return await mergedParquet(
      files.map(({ file }) => file),
      files.map(({ name }) => name).join(' '),
    );
  }
  throw new ConfigurationError(
    `the split ${wanted.split} of ${dataset.name} lies in ${files.length} files, and not all of them are Parquet`,
    {
      hint: 'Set revision: refs/convert/parquet, where the hub keeps the same rows as Parquet, or name one file: hf://datasets/…',
    },
  );
}
