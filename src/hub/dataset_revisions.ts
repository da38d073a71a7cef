// Revisions of data sets as commits, which decide what a run is: `main` is another data set tomorrow.

import { commitOf, type DatasetName, type DatasetOptions } from './dataset.ts';

/**
 * Asked for revisions by code that does not wait. What is not known yet is remembered, and stands for itself until `settle`
 * has found out.
 */
export class DatasetRevisions {
  readonly #options: DatasetOptions;
  readonly #commits = new Map<string, string>();
  readonly #asked = new Map<string, DatasetName>();

  constructor(options: DatasetOptions = {}) {
    this.#options = options;
  }

  /** The commit, as far as it is known; else the revision. */
  commitOf(dataset: DatasetName): string {
    const key = `${dataset.name}@${dataset.revision}`;
    const known = this.#commits.get(key);
    if (known !== undefined) return known;
    this.#asked.set(key, dataset);
    return dataset.revision;
  }

  /** Finds out what was asked for. False where everything was known. Throws a ConfigurationError for what there is not. */
  async settle(): Promise<boolean> {
    const isNew = this.#asked.size > 0;
    for (const [key, dataset] of this.#asked) {
      const commit = await commitOf(dataset, this.#options);
      this.#commits.set(key, commit);
      this.#commits.set(`${dataset.name}@${commit}`, commit);
    }
    this.#asked.clear();
    return isNew;
  }
}
