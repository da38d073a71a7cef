// What a line of the shell does: a command of its own, or a part of a statement.

import type { ReportContents } from '../report/answer_report.ts';
import { toText } from '../report/document.ts';
import { type Format, writeReport } from '../report/output.ts';
import { type QuestionPlaces, readQuestion, savedQuestions } from '../report/queries.ts';
import { quotedWhereNeeded } from '../report/sql.ts';
import { ConfigurationError } from '../util/errors.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { COMMANDS, complete } from './completion.ts';
import type { SqlSession } from './session.ts';
import { type Statement, Statements } from './statements.ts';

const HELP = `\\d            the views; \\d VIEW its columns
\\i NAME       ask a saved question, or a file of SQL; \\i alone lists those that there are
\\o FILE       write the next answer to a file: .csv, .json, .md, .parquet, anything else as a table
\\reload       read the runs anew
\\q            leave; so do "exit" and Ctrl-D
A statement ends with ";" and may have several lines. Ctrl-C stops an answer, or drops what was typed.`;

/** What other shells understand without a backslash. No statement is one of these words. */
const BARE_WORDS = /^\s*(exit|quit|help)\s*;?\s*$/i;
const LEAVING = new Set(['q', 'quit', 'exit']);

export class Shell {
  readonly #session: SqlSession;
  readonly #places: QuestionPlaces;
  readonly #print: (text: string) => void;
  readonly #notify: (notice: string) => void;
  /** Of the terminal, which may change. */
  readonly #width: () => number;
  /** What statements are read from, in messages; null where somebody types. */
  readonly #file: string | null;
  readonly #statements = new Statements();
  #next: string | null = null;

  constructor(
    session: SqlSession,
    {
      places,
      print,
      notify,
      width,
      file = null,
    }: {
      places: QuestionPlaces;
      print: (text: string) => void;
      notify: (notice: string) => void;
      width: () => number;
      file?: string | null;
    },
  ) {
    this.#session = session;
    this.#places = places;
    this.#print = print;
    this.#notify = notify;
    this.#width = width;
    this.#file = file;
  }

  get isOpen(): boolean {
    return this.#statements.isOpen;
  }

  /** @returns false for the end. @throws ConfigurationError for what cannot be answered; what was typed is gone then */
  async line(text: string): Promise<boolean> {
    const typed = this.isOpen ? text : text.replace(BARE_WORDS, (_, word: string) => `\\${word.toLowerCase()}`);
    const command = this.isOpen ? null : /^\s*\\(\S*)\s*(.*?)\s*;?\s*$/.exec(typed);
    if (command === null) await this.#ask(this.#statements.add(text));
    else if (LEAVING.has(command[1] ?? '')) return false;
    else {
      this.#statements.skipLine();
      await this.#command(command[1] ?? '', command[2] ?? '');
    }
    return true;
  }

  /** A last statement needs no semicolon. */
  async end(): Promise<void> {
    await this.#ask(this.#statements.end());
  }

  drop(): void {
    this.#statements.clear();
  }

  complete(line: string): [string[], string] {
    const questions = savedQuestions(this.#places).map(({ name }) => name);
    return complete(line, { views: this.#session.views, columns: this.#session.columns, questions });
  }

  async #ask(statements: readonly Statement[]): Promise<void> {
    for (const { sql, line } of statements) {
      // Line breaks in front, so that what is wrong is told by its line of the whole.
      const question = this.#file === null ? sql : '\n'.repeat(line - 1) + sql;
      await this.#show(await this.#session.answer({ sql: question, file: this.#file }));
    }
  }

  async #show(answer: ReportContents): Promise<void> {
    const file = this.#next;
    this.#next = null;
    if (file === null) {
      this.#print(toText(answer.blocks, this.#width()));
      return this.#print(`(${plural(answer.table.rows.length, 'row')})`);
    }
    await writeReport(answer, formatOf(file), file);
    this.#notify(`written: ${file}`);
  }

  async #command(name: string, argument: string): Promise<void> {
    if (name === 'd' && argument === '') return this.#print(this.#session.views.join('\n'));
    if (name === 'd') {
      return await this.#show(
        await this.#session.answer({
          sql: `SELECT column_name, column_type FROM (DESCRIBE ${quotedWhereNeeded(argument)})`,
          file: null,
        }),
      );
    }
    if (name === 'i' && argument === '') return this.#listQuestions();
    if (name === 'i' && argument !== '-')
      return await this.#show(await this.#session.answer(await readQuestion(argument, this.#places)));
    if (name === 'o' && argument !== '') {
      this.#next = argument;
      return;
    }
    if (name === 'reload') return await this.#reload();
    if (name === 'help' || name === '?') return this.#print(HELP);
    throw new ConfigurationError(
      `\\${printable(name)}${argument === '' ? '' : ` ${printable(argument)}`}: no such command`,
      {
        hint: `There is ${COMMANDS.join(', ')}.`,
      },
    );
  }

  async #reload(): Promise<void> {
    await this.#session.reload();
    const { runs, notices } = this.#session.loaded;
    for (const notice of notices) this.#notify(notice);
    this.#print(plural(runs, 'run'));
  }

  #listQuestions(): void {
    for (const { name, about } of savedQuestions(this.#places))
      this.#print(printable(about === null ? name : `${name}: ${about}`));
  }
}

const FORMATS: readonly [RegExp, Format][] = [
  [/\.csv$/i, 'csv'],
  [/\.json$/i, 'json'],
  [/\.md$/i, 'markdown'],
  [/\.parquet$/i, 'parquet'],
];

function formatOf(file: string): Format {
  return FORMATS.find(([names]) => names.test(file))?.[1] ?? 'table';
}
