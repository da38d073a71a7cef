// From what is wrong at a path of a document to the line that a user can mend.

import type { Diagnostic } from '../util/errors.ts';
import { slashPath } from './path.ts';
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
  const diagnostics = issues.map(({ path, part, message }) =>
    diagnosticAt(document.placeOf(path, part), path, message),
  );
  const rank = ({ file }: Diagnostic) => (file === document.file ? 0 : file === COMMAND_LINE ? 2 : 1);
  return diagnostics.sort(
    (a, b) =>
      rank(a) - rank(b) || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column),
  );
}
