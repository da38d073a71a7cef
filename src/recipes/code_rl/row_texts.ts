// What is said of a task that a file holds: the question with how to answer it, and its examples.

import type { TestSet } from './task.ts';

export interface Asked {
  question: string;
  /** What an answer begins with; empty where it is free. */
  starter: string;
  language: string;
  fn_name: string | null;
}

const LANGUAGE_NAMES: Readonly<Record<string, string>> = { python: 'Python', javascript: 'JavaScript', bash: 'bash' };

export function promptOf({ question, starter, language, fn_name }: Asked): string {
  const name = LANGUAGE_NAMES[language] ?? language;
  const subject =
    fn_name === null
      ? `a program in ${name} that reads standard input and writes to standard output`
      : `the function ${fn_name} in ${name}`;
  const code = starter === '' ? '' : `\n\nBegin with this code:\n\`\`\`${language}\n${starter}\n\`\`\``;
  return `Write ${subject}. Put all of it into one fenced code block.\n\n${question}${code}`;
}

/** Longer examples are for tools. */
const LONGEST_EXAMPLE = 2000;

export function examplesOf(set: TestSet): string {
  const texts =
    set.kind === 'functional'
      ? set.tests.map(({ args, returns }) => {
          const call = `${set.fn_name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
          return `${call} returns ${JSON.stringify(returns)}`;
        })
      : set.tests.map(({ stdin, stdout }) => `Input:\n${stdin.trimEnd()}\nOutput:\n${stdout.trimEnd()}`);
  const short = texts.filter((text) => text.length <= LONGEST_EXAMPLE);
  return short.map((text) => `\n\nExample:\n${text}`).join('');
}
