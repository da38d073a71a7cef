// The arguments of commands that take specs: files, and `key.path=value` overrides in any order.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** An argument with "=" is an override, unless a file has this name or a "/" before it makes it a path such as `runs/lr=0.1/config.yaml`. */
export function splitArguments(argv: readonly string[], cwd: string): { files: string[]; overrides: string[] } {
  const isOverride = (argument: string) => /^[^/]*=/.test(argument) && !existsSync(resolve(cwd, argument));
  return { files: argv.filter((argument) => !isOverride(argument)), overrides: argv.filter(isOverride) };
}
