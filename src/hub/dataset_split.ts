// The files of one split of a data set on this machine.

import pLimit from 'p-limit';
import { ConfigurationError } from '../util/errors.ts';
import { readRegularStart } from '../util/regular_file.ts';
import { type DatasetName, type DatasetOptions, openHubDataset, soughtIn } from './dataset.ts';
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
  const card = paths.includes(CARD) ? (await readRegularStart(await locate(CARD), MOST_OF_CARD)).text : null;
  const files = soughtIn(opened, () => filesOfSplit(dataFilesOf(paths, card), { dataset, name: configuration, split }));
  const limit = pLimit(DOWNLOADS_AT_A_TIME);
  return await Promise.all(
    files.map(async (path) => ({
      file: await limit(() => locate(path)),
      name: hubPathText({ dataset, revision: commit.slice(0, SHOWN_DIGITS), path }),
    })),
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
