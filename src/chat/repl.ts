// Talking at a terminal or through a pipe: lines in, replies out.

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { CookbookError } from '../util/errors.ts';
import { printable, printableText } from '../util/printable.ts';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import { WrappedPieces } from '../util/wrapped_pieces.ts';
import type { Conversation, Reply } from './conversation.ts';

type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

export interface ChatStreams {
  input: NodeJS.ReadableStream;
  /** Replies; to a terminal word by word as they come. */
  output: Output;
  /** Prompts and remarks. */
  prose: Output;
  /** A person types: show a prompt and say what can be typed. */
  interactive: boolean;
}

const PROMPT = 'you › ';
const COMMANDS = ['/new', '/quit', '/help'];
const HELP = 'Type to talk; /new starts again, /quit ends, Ctrl-C stops a reply.';

/**
 * Reads lines until the end of the input, `/quit`, or Ctrl-C at the prompt; Ctrl-C during a reply stops the reply. A person
 * sees what is wrong with a turn and goes on; a script fails.
 */
export async function chatLoop(conversation: Conversation, streams: ChatStreams): Promise<void> {
  const { input, prose, interactive } = streams;
  const remark = (text: string) => prose.write(`${wrappedText(text, widthOf(prose))}\n`);
  if (interactive) remark(HELP);
  let answering: AbortController | null = null;
  /** Lines that wait for their turn. */
  let typedAhead = 0;
  const echo = interactive ? { output: echoTo(prose, () => answering !== null || typedAhead > 0) } : {};
  const lines = createInterface({ input, ...echo, terminal: interactive });
  const ask = () => {
    if (!interactive || typedAhead > 0) return;
    lines.setPrompt(PROMPT);
    lines.prompt(true);
  };
  lines.on('line', () => {
    if (answering !== null) typedAhead += 1;
  });
  // The reader takes Ctrl-C for itself.
  lines.on('SIGINT', () => {
    if (answering === null) lines.close();
    else answering.abort();
  });
  // Open, it would keep the process of a script that fails from ending.
  try {
    ask();
    for await (const line of lines) {
      const text = line.trim();
      if (typedAhead > 0) {
        typedAhead -= 1;
        if (interactive) prose.write(`${PROMPT}${printable(line)}\n`);
      }
      if (text === '/quit') break;
      if (text === '/new') {
        conversation.startAgain();
        remark('A new conversation.');
      } else if (text === '/help') remark(HELP);
      else if (text.startsWith('/')) remark(unknownCommand(text));
      else if (text !== '') {
        answering = new AbortController();
        await answer(conversation, text, { ...streams, remark, signal: answering.signal });
        answering = null;
      }
      ask();
    }
  } finally {
    lines.close();
  }
}

/** Where lines are edited. What is typed while a reply is written shows at the next prompt, and not in the midst of the reply. */
function echoTo(prose: Output, isMuted: () => boolean): NodeJS.WritableStream {
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!isMuted()) prose.write(chunk);
      done();
    },
  });
  return Object.defineProperty(echo, 'columns', { get: () => prose.columns });
}

function unknownCommand(text: string): string {
  const [name = ''] = text.split(/\s/);
  const near = didYouMean(closestNames(name, COMMANDS));
  return printableText(`There is no command ${name}${near === '' ? '.' : near} There are ${COMMANDS.join(', ')}.`);
}

interface Answering extends ChatStreams {
  remark(text: string): void;
  signal: AbortSignal;
}

async function answer(
  conversation: Conversation,
  text: string,
  { output, interactive, remark, signal }: Answering,
): Promise<void> {
  const screen = new WrappedPieces(widthOf(output));
  let isBegun = false;
  const onText = (piece: string) => {
    isBegun = true;
    output.write(screen.add(printableText(piece)));
  };
  try {
    const reply = await conversation.say(text, output.isTTY === true ? { signal, onText } : { signal });
    if (output.isTTY !== true) output.write(printableText(reply.text));
    output.write(`${screen.finish()}\n`);
    const note = noteOn(reply);
    if (note !== '') remark(note);
  } catch (error) {
    if (isBegun) output.write(`${screen.finish()}\n`);
    if (!interactive || !(error instanceof CookbookError)) throw error;
    remark(printableText([error.message, error.hint ?? ''].filter((line) => line !== '').join('\n')));
    const before = conversation.hasBegun ? ' What was said before it stays; /new forgets that too.' : '';
    remark(`That message is taken back.${before}`);
  }
}

function noteOn({ text, ended }: Reply): string {
  if (ended === 'length') return '(cut: it ran out of tokens)';
  if (ended === 'stop') return '';
  return text === '' ? '(stopped before it said anything; the question is forgotten)' : '(stopped)';
}
