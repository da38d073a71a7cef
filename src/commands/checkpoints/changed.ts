// What the commands that change a checkpoint at a service take alike.

import { Args, Flags } from '@oclif/core';
import { printable } from '../../util/printable.ts';

export const changedArgs = {
  target: Args.string({ required: true, description: 'tinker:// path of a checkpoint, or run directory.' }),
};

/** What was done to which: paths are nearly as long as a terminal is wide. */
export function changedLines(what: string, paths: readonly string[]): string {
  return [`${what}:`, ...paths.map((path) => `  ${printable(path)}`)].join('\n');
}

export const changedFlags = {
  checkpoint: Flags.string({ description: 'Of a run: final, best, or a name; the newest one if not given.' }),
};
