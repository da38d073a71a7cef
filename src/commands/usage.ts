// What was typed wrong, with what was probably meant.

import { stripVTControlCharacters } from 'node:util';
import type { Interfaces } from '@oclif/core';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { ConfigurationError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';

export class UsageError extends ConfigurationError {
  override readonly code = 'USAGE';
}

export function unknownCommand(name: string, { commands }: Interfaces.Config): UsageError {
  const near = closestNames(
    name,
    commands.flatMap(({ id, hidden }) => (hidden ? [] : [id])),
  );
  return new UsageError(`there is no command "${name}"${didYouMean(near)}`, {
    hint: `"${programName()} --help" lists them.`,
  });
}

/** A flag that is none: one of nearly that name was meant, or a field of the spec. */
export function unknownFlag(flag: string, command: string, flags: readonly string[], takesFields: boolean): UsageError {
  const [name = '', value = 'VALUE'] = flag.split('=', 2);
  const [near] = closestNames(name, flags, 1);
  if (near !== undefined) return new UsageError(`${command} has no flag --${name}; did you mean --${near}?`);
  const hint = takesFields
    ? `A field of the spec is set without dashes: ${name}=${value}`
    : `"${programName()} ${command} --help" shows those that it has.`;
  return new UsageError(`${command} has no flag --${name}`, { hint });
}

/** What oclif says of arguments that do not fit a command, without its frame, its colors and its remarks about itself. */
export function wrongUse(message: string, command: string): UsageError {
  const said = stripVTControlCharacters(message)
    .replace(/^The following errors? occurred:\n/, '')
    .replace(/\nSee more help with --help$/, '')
    .replace(/\n\nNote: .* allows? multiple values\..*$/s, '')
    .replace(/^( *Missing required flag) (?!-)/gm, '$1 --')
    .replace(/^Parsing (--\S+) *\n\s*(.)/, (_, flag: string, first: string) => `${flag}: ${first.toLowerCase()}`);
  const lines = said.split('\n').map((line) => line.trim());
  return new UsageError(lines.join('\n'), { hint: `"${programName()} ${command} --help" shows what it takes.` });
}
