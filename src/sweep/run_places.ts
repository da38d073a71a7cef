// Where in a sweep's directory its runs lie, which other sweeps may put there too, under names of their own.

import { readdir, stat } from 'node:fs/promises';

const IDENTITY = /-([0-9a-f]{12})$/;

/** Directories of the first kind that is looked for; a directory that holds others has as many links, and two of its own. */
const OWN_LINKS = 2;

/**
 * The names of run directories by the hashes at their ends. A directory of ten thousand takes milliseconds to list, so it is listed anew only
 * when its number of links says that somebody else has made or deleted one. File systems that do not count say 1: there, each time.
 */
export class RunPlaces {
  readonly #log_path: string;
  #names = new Map<string, string>();
  #links = 0;

  constructor(log_path: string) {
    this.#log_path = log_path;
  }

  async of(hash: string): Promise<string | undefined> {
    const { nlink } = await stat(this.#log_path);
    if (nlink < OWN_LINKS || nlink !== this.#links) {
      const names = (await readdir(this.#log_path)).sort().reverse();
      // Of several with one hash, which nobody makes on purpose, the first by its name.
      this.#names = new Map(names.map((name) => [IDENTITY.exec(name)?.[1] ?? name, name]));
      // Counted before it was listed: what has come since is one too many, and lists it once more.
      this.#links = nlink;
    }
    return this.#names.get(hash);
  }

  /** A directory that this process has made, or has found there, while it held the lease of the sweep. */
  made(name: string): void {
    const hash = IDENTITY.exec(name)?.[1];
    if (hash === undefined || this.#names.has(hash)) return;
    this.#names.set(hash, name);
    this.#links += 1;
  }
}
