// Questions to a person at a terminal: what to do about another run, and whether to do what cannot be undone.

import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import type { Choice } from './if_exists.ts';
import type { Ask } from './prepare.ts';

const CHOICES: Record<Choice, string> = {
  resume: '[r]esume it with the new values',
  delete: '[d]elete it and start afresh',
};

type Terminal<Stream> = Stream & { isTTY?: boolean; columns?: number };

/** Asks until the answer is one of the choices; none at all means abort. Null when nobody sits there. */
export function askOnTerminal(input: Terminal<Readable>, output: Terminal<Writable>): Ask {
  if (!isThere(input, output)) return null;
  return async (question, choices) => {
    const options = [...choices.map((choice) => CHOICES[choice]), '[a]bort'].join(', ');
    return await answerTo({ question: `${question}.`, options, none: 'abort' }, [input, output], (answer) =>
      'abort'.startsWith(answer) ? 'abort' : choices.find((choice) => choice.startsWith(answer)),
    );
  };
}

/** Asks whether to do something; no answer at all means no. Null when nobody sits there. */
export type Confirm = ((question: string) => Promise<boolean>) | null;

export function confirmOnTerminal(input: Terminal<Readable>, output: Terminal<Writable>): Confirm {
  if (!isThere(input, output)) return null;
  return async (question) =>
    await answerTo({ question: `${question}?`, options: '[y]es, [n]o', none: false }, [input, output], (answer) =>
      'no'.startsWith(answer) ? false : 'yes'.startsWith(answer) ? true : undefined,
    );
}

function isThere(input: Terminal<Readable>, output: Terminal<Writable>): boolean {
  return input.isTTY === true && output.isTTY === true;
}

/** @param read undefined for an answer that is none of the options */
async function answerTo<T>(
  { question, options, none }: { question: string; options: string; none: T },
  [input, output]: [Terminal<Readable>, Terminal<Writable>],
  read: (answer: string) => T | undefined,
): Promise<T> {
  const lines = createInterface({ input, output });
  // A reader that stays open keeps its process from ending.
  try {
    output.write(`${wrappedText(`${question}\n${options}`, widthOf(output) - 2)}? `);
    for await (const line of lines) {
      const answer = read(line.trim().toLowerCase());
      if (answer !== undefined) return answer;
      output.write(`${options}? `);
    }
    output.write('\n');
    return none;
  } finally {
    lines.close();
  }
}
