// The question at a terminal: which answers mean what, and that leaving it unanswered changes nothing.

import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { askOnTerminal } from '../../src/run/ask.ts';
import type { Choice } from '../../src/run/if_exists.ts';

async function answer(typed: string[], choices: readonly Choice[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = Object.assign(new PassThrough(), { isTTY: true });
  const ask = askOnTerminal(input, output);
  if (ask === null) throw new Error('nobody is asked');
  const choice = ask('runs/toy holds another run', choices);
  for (const line of typed) input.write(`${line}\n`);
  input.end();
  return { choice: await choice, shown: stripVTControlCharacters(String(output.read())) };
}

it('shows the choices there are', async () => {
  const { choice, shown } = await answer(['d'], ['resume', 'delete']);
  expect(choice).toBe('delete');
  expect(shown).toMatchInlineSnapshot(`
    "runs/toy holds another run.
    [r]esume it with the new values, [d]elete it and start afresh, [a]bort? d
    "
  `);
});

it.each([
  ['resume', ['r']],
  ['resume', ['Resume ']],
  ['delete', ['del']],
  ['delete', ['what?', 'delete']],
  ['abort', ['a']],
  ['abort', ['']],
  ['abort', []],
])('%s is what %j means', async (choice, typed) => {
  expect((await answer(typed, ['resume', 'delete'])).choice).toBe(choice);
});

it('what is said after a question that was left unanswered begins a line', async () => {
  expect((await answer([], ['delete'])).shown.endsWith('[a]bort? \n')).toBe(true);
});

it('takes no answer that is not a choice', async () => {
  expect((await answer(['r', 'resume', 'd'], ['delete'])).choice).toBe('delete');
});

it('is not put where nobody sits', () => {
  const [terminal, pipe] = [Object.assign(new PassThrough(), { isTTY: true }), new PassThrough()];
  expect(askOnTerminal(pipe, terminal)).toBeNull();
  expect(askOnTerminal(terminal, pipe)).toBeNull();
});
