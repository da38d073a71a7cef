// hf://datasets/ORG/NAME[@REVISION]/PATH: a file of rows on the hub, in the spelling of huggingface_hub, DuckDB and pandas.

import { ConfigurationError } from '../util/errors.ts';
import { safeParts } from '../util/safe_path.ts';
import { isHubName } from './hub_settings.ts';

export interface HubPath {
  /** `ORG/NAME`. */
  dataset: string;
  revision: string;
  /** Or a pattern of paths. */
  path: string;
}

const SCHEME = 'hf://';
const DATASETS = `${SCHEME}datasets/`;
/** A revision with a slash in it is written as it is for these, and with %2F otherwise. */
const SPECIAL_REVISION = /^([\w.-]+\/[\w.-]+)@(refs\/(?:convert|pr)\/\w+)\/(.+)$/s;
const PLAIN = /^([\w.-]+\/[\w.-]+)(?:@([^/]+))?\/(.+)$/s;
/** Where the hub keeps the Parquet files that it makes of every public data set. */
const CONVERTED_TO_PARQUET = 'refs/convert/parquet';

export function isHubPath(text: string): boolean {
  return text.startsWith(SCHEME);
}

/** @throws ConfigurationError for a text that names no file of a data set */
export function parseHubPath(text: string): HubPath {
  const rest = text.startsWith(DATASETS) ? text.slice(DATASETS.length) : '';
  const [, dataset = '', given = 'main', path = ''] = SPECIAL_REVISION.exec(rest) ?? PLAIN.exec(rest) ?? [];
  const revision = given === '~parquet' ? CONVERTED_TO_PARQUET : given.replace(/%2F/gi, '/');
  if (safeParts(path) !== null && path !== '' && isHubName(`${dataset}@${revision}`))
    return { dataset, revision, path };
  throw new ConfigurationError(`${text}: is no file of a data set`, {
    hint: 'It is named as hf://datasets/ORG/NAME/PATH/IN/REPOSITORY, or hf://datasets/ORG/NAME@REVISION/PATH.',
  });
}

/** The text that `parseHubPath` reads back. */
export function hubPathText({ dataset, revision, path }: HubPath): string {
  const at = revision === 'main' ? '' : `@${revision.replaceAll('/', '%2F')}`;
  return `${DATASETS}${dataset}${at}/${path}`;
}
