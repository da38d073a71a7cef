// cookbook sql: a shell over the views of the report at a terminal; elsewhere it answers the statements that it is piped.

import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { DEFAULT_ROWS, DEFAULT_SECONDS, defaultBytes, parseBytes } from '../report/limits.ts';
import { CookbookError } from '../util/errors.ts';
import { plural } from '../util/plural.ts';
import { printableText } from '../util/printable.ts';
import { widthOf } from '../util/wrapped.ts';
import { SqlSession } from './session.ts';
import { Shell } from './shell.ts';

export interface SqlOptions {
  directories: readonly string[];
  cwd: string;
  useCache: boolean;
  maxSeconds: number | undefined;
  maxRows: number | undefined;
  maxMemory: string | undefined;
  input: Readable;
  output: Writable & { isTTY?: boolean };
  /** Somebody types: there are prompts, and an error is not the end. */
  isInteractive: boolean;
  notify(notice: string): void;
}

/** @throws ConfigurationError for the first statement that cannot be answered, where nobody types */
export async function sqlCommand(options: SqlOptions): Promise<void> {
  const { directories, cwd, useCache, notify, maxMemory, input, output, isInteractive } = options;
  const places = { directories, cwd, useCache };
  const session = await SqlSession.open(places, {
    seconds: options.maxSeconds ?? DEFAULT_SECONDS,
    rows: options.maxRows ?? DEFAULT_ROWS,
    bytes: maxMemory === undefined ? defaultBytes() : parseBytes('--max-memory', maxMemory),
  });
  try {
    for (const notice of session.loaded.notices) notify(notice);
    const print = (text: string) => output.write(`${text}\n`);
    const file = isInteractive ? null : 'stdin';
    const shell = new Shell(session, { places, print, notify, width: () => widthOf(output), file });
    if (!isInteractive) return await answerAll(shell, input);
    print(`${plural(session.loaded.runs, 'run')}; \\help tells what there is, \\q leaves`);
    await converse(shell, session, { input, output, notify });
  } finally {
    session.close();
  }
}

async function answerAll(shell: Shell, input: Readable): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!(await shell.line(line))) return;
  }
  await shell.end();
}

async function converse(
  shell: Shell,
  session: SqlSession,
  { input, output, notify }: Pick<SqlOptions, 'input' | 'output' | 'notify'>,
): Promise<void> {
  const lines = createInterface({ input, output, terminal: true, completer: (line: string) => shell.complete(line) });
  let isAnswering = false;
  lines.on('SIGINT', () => {
    if (isAnswering) return session.cancel();
    shell.drop();
    output.write('^C\n');
    // What was typed on the line that is dropped.
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' });
    prompt(lines, shell);
  });
  prompt(lines, shell);
  for await (const line of lines) {
    isAnswering = true;
    try {
      if (!(await shell.line(line))) break;
    } catch (error) {
      if (!(error instanceof CookbookError)) throw error;
      notify([error.message, error.hint ?? []].flat().map(printableText).join('\n'));
    } finally {
      isAnswering = false;
    }
    prompt(lines, shell);
  }
  lines.close();
}

function prompt(lines: Interface, shell: Shell): void {
  lines.setPrompt(shell.isOpen ? '   …> ' : 'sql> ');
  lines.prompt();
}
