// A command that is not there: told in one line, or as data with --json. A hook of oclif.

import type { Hook } from '@oclif/core';
import { tell } from './tell.ts';
import { unknownCommand } from './usage.ts';

const notFound: Hook.CommandNotFound = async ({ id, argv = [], config }) => {
  const [name = ''] = id.split(':');
  const error = unknownCommand(name, config);
  process.exitCode = error.exitCode;
  await tell(error, argv.includes('--json'));
  // Anything but undefined says that this was all.
  return true;
};

export default notFound;
