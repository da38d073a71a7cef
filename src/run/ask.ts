// Questions put to a person at a terminal: what to do about another run, and whether to go on.

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
  if (input.isTTY !== true || output.isTTY !== true) return null;
  return async (question, choices) => {
    const options = [...choices.map((choice) => CHOICES[choice]), '[a]bort'].join(', ');
    const lines = createInterface({ input, output });
    // A reader that stays open keeps its process from ending.
    try {
      output.write(`${wrappedText(`${question}.\n${options}`, widthOf(output) - 2)}? `);
      for await (const line of lines) {
        const answer = line.trim().toLowerCase();
        if ('abort'.startsWith(answer)) break;
        const chosen = choices.find((choice) => choice.startsWith(answer));
        if (chosen !== undefined) return chosen;
        output.write(`${options}? `);
      }
      return 'abort';
    } finally {
      lines.close();
    }
  };
}

/** Yes or no; no when nobody sits there. */
export async function confirmOnTerminal(
  question: string,
  input: Terminal<Readable>,
  output: Terminal<Writable>,
): Promise<boolean> {
  if (input.isTTY !== true || output.isTTY !== true) return false;
  const lines = createInterface({ input, output });
  try {
    const answer = await lines.question(`${wrappedText(`${question}.`, widthOf(output))}\nGo on? [y/N] `);
    return ['y', 'yes'].includes(answer.trim().toLowerCase());
  } finally {
    lines.close();
  }
}
