// What the datasets of a mixture are called, in the metrics that tell of each by itself.

import { basename } from 'node:path';
import { ConfigurationError } from '../util/errors.ts';
import type { InterleaveParams } from './dataset_params.ts';

/** As they are given, else by the files or data sets that they read, else by their builders; no two alike. */
export function sourceNames({ datasets, names }: InterleaveParams): string[] {
  if (names !== null) {
    if (names.length === datasets.length && new Set(names).size === names.length) return names;
    throw new ConfigurationError(`names must be ${datasets.length} different ones, one for each of the datasets`);
  }
  const plain = datasets.map((ref) => {
    const file: unknown = 'file_path' in ref ? ref.file_path : null;
    if (typeof file === 'string') return basename(file).replace(/\.[^.]+(\.gz)?$/, '');
    const dataset: unknown = 'path' in ref ? ref.path : null;
    return typeof dataset === 'string' ? basename(dataset) : ref.builder;
  });
  const taken = new Set(plain);
  return plain.map((name, index) => {
    if (plain.indexOf(name) === plain.lastIndexOf(name)) return name;
    let suffixed = `${name}_${index}`;
    while (taken.has(suffixed)) suffixed += `_${index}`;
    taken.add(suffixed);
    return suffixed;
  });
}
