// The files that the identities of a plan depend on, and whether they are still those that were read when it was made.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createWeightsReader, filesOfWeights } from '../run_files/weights_reader.ts';
import { createDigests, type Digests } from '../spec/digests.ts';

export interface InputFiles extends Digests {
  /** Whether any of them was written to since it was read. Sizes and times are compared, which costs little at each launch. */
  changed(): boolean;
}

export function watchInputFiles(): InputFiles {
  const digests = createDigests();
  const reader = createWeightsReader();
  const stamps = new Map<string, string>();
  // Before the contents are read: a write in between shows as a change.
  const stamp = (path: string) => {
    if (!stamps.has(path)) stamps.set(path, stampOf(path));
  };
  return {
    of(path) {
      stamp(path);
      return digests.of(path);
    },
    weights: {
      problem: (ref, model) => reader.problem(ref, model),
      identity(ref) {
        for (const path of filesOfWeights(ref)) stamp(path);
        return reader.identity(ref);
      },
    },
    changed: () => [...stamps].some(([path, stamp]) => stampOf(path) !== stamp),
  };
}

function stampOf(path: string): string {
  const names = statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
    : [];
  return ['', ...names].map((name) => `${name} ${fileStamp(join(path, name))}`).join('\n');
}

function fileStamp(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'missing' : `${stats.size} ${stats.mtimeMs}`;
}
