// The files of one split of a data set on this machine.

import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { type DatasetName, type DatasetOptions, openHubDataset } from './dataset.ts';
import { dataFilesOf, filesOfSplit } from './dataset_files.ts';
import { hubPathText } from './hub_path.ts';

const CARD = 'README.md';
/** More would not be faster, and a hub answers too many with 429. */
const DOWNLOADS_AT_A_TIME = 4;

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
  const { paths, commit, locate } = await openHubDataset({ name: dataset, revision }, options);
  const card = paths.includes(CARD) ? await readFile(await locate(CARD), 'utf8') : null;
  const files = filesOfSplit(dataFilesOf(paths, card), { dataset, name: configuration, split });
  const limit = pLimit(DOWNLOADS_AT_A_TIME);
  return await Promise.all(
    files.map(async (path) => ({
      file: await limit(() => locate(path)),
      name: hubPathText({ dataset, revision: commit.slice(0, 12), path }),
    })),
  );
}
