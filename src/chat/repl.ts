// Talking at a terminal or through a pipe: lines in, replies out.

import { createInterface } from 'node:readline/promises';
import { CookbookError } from '../util/errors.ts';
import { printableText } from '../util/printable.ts';
import type { Conversation } from './conversation.ts';

export interface ChatStreams {
  input: NodeJS.ReadableStream;
  /** Replies. */
  output: NodeJS.WritableStream;
  /** Prompts and remarks. */
  prose: NodeJS.WritableStream;
  /** A person types: show a prompt and say what can be typed. */
  interactive: boolean;
}

const HELP = 'Type to talk; /new starts again, /quit ends.';

/** Reads lines until the end of the input or `/quit`. A person sees what is wrong with a turn and goes on; a script fails. */
export async function chatLoop(
  conversation: Conversation,
  { input, output, prose, interactive }: ChatStreams,
): Promise<void> {
  if (interactive) prose.write(`${HELP}\n`);
  const lines = createInterface({ input, ...(interactive ? { output: prose } : {}), terminal: interactive });
  const ask = () => {
    if (!interactive) return;
    lines.setPrompt('you › ');
    lines.prompt();
  };
  let answering = false;
  // The reader takes Ctrl-C for itself. In the midst of a reply it means the whole program, as it does anywhere else.
  lines.on('SIGINT', () => {
    lines.close();
    if (answering) process.kill(process.pid, 'SIGINT');
  });
  // Open, it would keep the process of a script that fails from ending.
  try {
    ask();
    for await (const line of lines) {
      const text = line.trim();
      if (text === '/quit') break;
      if (text === '/new') {
        conversation.startAgain();
        prose.write('A new conversation.\n');
      } else if (text.startsWith('/')) prose.write(`${HELP}\n`);
      else if (text !== '') {
        answering = true;
        await answer(conversation, text, { output, prose, interactive });
        answering = false;
      }
      ask();
    }
  } finally {
    lines.close();
  }
}

async function answer(
  conversation: Conversation,
  text: string,
  { output, prose, interactive }: Omit<ChatStreams, 'input'>,
) {
  try {
    const reply = await conversation.say(text);
    output.write(`${printableText(reply.text)}\n`);
    if (reply.cut) prose.write('(cut: it ran out of tokens)\n');
  } catch (error) {
    if (!interactive || !(error instanceof CookbookError)) throw error;
    prose.write(`${printableText(error.message)}\nType /new to start again.\n`);
  }
}
