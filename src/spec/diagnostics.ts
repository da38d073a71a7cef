// From what is wrong at a path of a document to the line that a user can mend.

import type { Diagnostic } from '../util/errors.ts';
import { isJsonObject } from '../util/json.ts';
import { slashPath, valueAt } from './path.ts';
import type { Issue, SourcePlace, SpecDocument, SpecPath } from './types.ts';

/** The `file` of values that were given as `key=value`. */
export const COMMAND_LINE = 'command line';

export function diagnosticAt(place: SourcePlace, path: SpecPath, message: string): Diagnostic {
  const { file, line, column, argument } = place;
  const shown = argument === undefined ? message : `${message} (in "${argument}")`;
  return { file, line, column, path: slashPath(path), message: shown };
}

/** Diagnostics in document order: the file that was named first, then those that it extends, then the command line. */
export function diagnose(document: SpecDocument, issues: readonly Issue[]): Diagnostic[] {
  const diagnostics = issues.map((issue) =>
    diagnosticAt(
      document.placeOf(issue.path, issue.part),
      issue.path,
      issue.message + quotesHint(document, issue) + mappingHint(document, issue),
    ),
  );
  const rank = ({ file }: Diagnostic) => (file === document.file ? 0 : file === COMMAND_LINE ? 2 : 1);
  return diagnostics.sort(
    (a, b) =>
      rank(a) - rank(b) || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column),
  );
}

/** A variable of the environment has no type: one that reads as a number is one, unless it says that it is a text. */
function quotesHint({ value, template }: SpecDocument, { path, message }: Issue): string {
  const [got, written] = [valueAt(value, path), valueAt(template, path)];
  if (!message.startsWith('expected a text') || (typeof got !== 'number' && typeof got !== 'boolean')) return '';
  const name = typeof written === 'string' ? /^\$\{env:([^{}]+)\}$/.exec(written)?.[1] : undefined;
  return name === undefined
    ? ''
    : `; ${name} reads as a ${typeof got}: give it quotes of its own, as ${name}='"${got}"'`;
}

/** On the command line a text with a colon and a space in it is a mapping, unless it is in quotes that the shell leaves. */
function mappingHint(document: SpecDocument, { path, part, message }: Issue): string {
  const { argument = '' } = document.placeOf(path, part);
  const [, field = '', text = ''] = /^([^=]+)=([^{'"]*: [^']*)$/.exec(argument) ?? [];
  if (text === '' || !isJsonObject(valueAt(document.value, path)) || !message.startsWith('expected a text')) return '';
  return `; a text with ": " in it needs quotes of its own: "${field}='${text}'"`;
}
