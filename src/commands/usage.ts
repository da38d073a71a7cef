// What was typed wrong, with what was probably meant.

import { stripVTControlCharacters } from 'node:util';
import type { Interfaces } from '@oclif/core';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { ConfigurationError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';

export class UsageError extends ConfigurationError {
  override readonly code = 'USAGE';
}

/** @param id what was typed, words joined by colons as oclif has them: `checkpoints:lst` */
export function unknownCommand(id: string, { commands, topics }: Interfaces.Config): UsageError {
  const typed = asTyped(id);
  const [first = ''] = id.split(':');
  const isTopic = topics.some(({ name }) => name === first);
  const shown = commands.flatMap((command) => (command.hidden ? [] : [asTyped(command.id)]));
  // Of several words the first one counts, unless there are commands below it.
  const known = isTopic
    ? shown
    : new Set([
        ...topics.flatMap(({ name }) => (name.includes(':') ? [] : [name])),
        ...shown.filter((name) => !name.includes(' ')),
      ]);
  const name = isTopic ? typed : first;
  return new UsageError(`there is no command "${name}"${didYouMean(closestNames(name, [...known]))}`, {
    hint: `"${programName()} ${isTopic ? `${first} ` : ''}--help" lists them.`,
  });
}

/** The id of a command in the words that call it. */
export function asTyped(id: string): string {
  return id.replaceAll(':', ' ');
}

/** A flag that is none: one of nearly that name was meant, or a field of the spec. */
export function unknownFlag(flag: string, command: string, flags: readonly string[], takesFields: boolean): UsageError {
  const [name = '', value = 'VALUE'] = flag.split('=', 2);
  const [near] = closestNames(name, flags, 1);
  if (near !== undefined) return new UsageError(`${command} has no flag --${name}; did you mean --${near}?`);
  const hint = takesFields ? `A field of the spec is set without dashes: ${name}=${value}` : thoseThatItHas(command);
  return new UsageError(`${command} has no flag --${name}`, { hint });
}

/** A flag of one letter that is none. */
export function unknownLetter(letter: string, command: string): UsageError {
  return new UsageError(`${command} has no flag -${letter}`, { hint: thoseThatItHas(command) });
}

function thoseThatItHas(command: string): string {
  return `"${programName()} ${command} --help" shows those that it has.`;
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
