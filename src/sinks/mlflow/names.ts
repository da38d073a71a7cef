// Names of metrics and parameters as MLflow takes them.

import { digitsOf } from '../../util/text.ts';

const LONGEST = 250;
const FOREIGN = /[^\p{L}\p{N}_/.\- :]/gu;

/** Gives each name one that MLflow takes, the same in every attempt, and different ones to different names. */
export class Names {
  readonly #known = new Map<string, string>();
  readonly #changed: (from: string, to: string) => void;

  constructor(changed: (from: string, to: string) => void) {
    this.#changed = changed;
  }

  of(name: string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const taken = takenBy(name);
    this.#known.set(name, taken);
    if (taken !== name) this.#changed(name, taken);
    return taken;
  }
}

/** The name itself, or a tame one that ends with a few digits of its hash, so that no two names become one. */
function takenBy(name: string): string {
  const tame = name
    .replaceAll(FOREIGN, '_')
    .split('/')
    .map((part) => (/^\.*$/.test(part) ? '_' : part))
    .join('/');
  if (tame === name && name.length <= LONGEST) return name;
  const digits = digitsOf(name, 6);
  return `${tame.slice(0, LONGEST - digits.length - 1)}_${digits}`;
}
