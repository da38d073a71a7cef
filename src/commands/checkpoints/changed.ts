// What the commands that change a checkpoint at a service take alike.

import { Args, Flags } from '@oclif/core';

export const changedArgs = {
  target: Args.string({ required: true, description: 'tinker:// path of a checkpoint, or run directory.' }),
};

export const changedFlags = {
  checkpoint: Flags.string({ description: 'Of a run: final, best, or a name; the newest one if not given.' }),
};
