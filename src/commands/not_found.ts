// A command that is not there, or that does not take what follows it: told in one line, or as data with --json. A hook of oclif.

import type { Hook } from '@oclif/core';
import { tell } from './tell.ts';
import { unknownCommand, wrongUse } from './usage.ts';

const notFound: Hook.CommandNotFound = async ({ id, argv = [], config }) => {
  const [name = '', ...rest] = id.split(':');
  // Of a command that takes no argument, oclif looks for one of that name below it.
  const isThere = config.commandIDs.includes(name);
  const error = isThere ? wrongUse(`Unexpected argument: ${rest.join(' ')}`, name) : unknownCommand(id, config);
  process.exitCode = error.exitCode;
  await tell(error, argv.includes('--json'));
  // Anything but undefined says that this was all.
  return true;
};

export default notFound;
