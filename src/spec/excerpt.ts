// Diagnostics for a person at a terminal: each followed by its source line with a caret under the place.

import { readFile } from 'node:fs/promises';
import pc from 'picocolors';
import { type Diagnostic, formatDiagnostic } from '../util/errors.ts';
import { printableText } from '../util/printable.ts';
import { wrappedText } from '../util/wrapped.ts';

const LONGEST_LINE = 160;

/** One diagnostic a line, and under it the line that it is about, where that can be read. @param width what a line may take */
export async function withExcerpts(
  diagnostics: readonly Diagnostic[],
  width = Number.POSITIVE_INFINITY,
): Promise<string> {
  const files = new Map<string, string[]>();
  for (const { file } of diagnostics) {
    if (!files.has(file)) files.set(file, await linesOf(file));
  }
  return diagnostics
    .map((diagnostic) => {
      const text = files.get(diagnostic.file)?.[diagnostic.line - 1];
      return [
        wrappedText(printableText(formatDiagnostic(diagnostic)), width),
        ...(text === undefined ? [] : excerpt(text, diagnostic, width)),
      ].join('\n');
    })
    .join('\n');
}

function excerpt(text: string, { line, column }: Diagnostic, width: number): string[] {
  if (text.length > LONGEST_LINE || text.trim() === '') return [];
  const gutter = `${line}`.padStart(5);
  const room = width - gutter.length - ' | '.length;
  // The place stays in sight where the line is cut.
  const from = text.length <= room ? 0 : Math.max(0, Math.min(column - 1 - Math.floor(room / 2), text.length - room));
  const [left, right] = [from > 0 ? CUT : '', from + room < text.length ? CUT : ''];
  const shown = text.slice(from + left.length, from + room - right.length);
  const indent = printableText(left + text.slice(from + left.length, column - 1)).replace(/[^\t]/g, ' ');
  return [
    `${pc.dim(`${gutter} |`)} ${left}${printableText(shown)}${right}`,
    `${pc.dim(`${' '.repeat(gutter.length)} |`)} ${indent}${pc.red('^')}`,
  ];
}

const CUT = '…';

/** "command line" is no file, and a file may be what is wrong: then there is nothing to show. */
async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/);
  } catch {
    return [];
  }
}
