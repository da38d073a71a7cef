// Milliseconds for rendering a conversation of 100 turns, tokenization aside, and seconds for the prompts of 10,000
// conversations beside transformers' fast tokenizer: `npx jiti bench/renderers.ts`. Takes the tokenizer and the Python
// environment of the interop suite.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getRenderer } from '../src/renderers/get_renderer.ts';
import type { Message } from '../src/renderers/types.ts';
import { tokensOf } from '../src/tinker/types.ts';
import { loadTokenizer } from '../src/tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../src/tokenizers/types.ts';
import { nextUniform, randomFor } from '../src/util/random.ts';
import { lenmlTokenizer } from '../test/interop/lenml.ts';
import { referencePython } from '../test/interop/venv.ts';

const ROUNDS = 5;
/** Conversations that come before, as in any data set. */
const WARM_UP = 50;
const TURNS = 100;
const CONVERSATIONS = 10_000;
const RENDERER = 'qwen3';
const PEER = fileURLToPath(new URL('renderers_peer.py', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../example_data/conversations.jsonl', import.meta.url));

/** Words of the example data in an order of their own, so that no conversation comes twice. */
function conversationsOf(count: number, turns: (index: number) => number): Message[][] {
  const words = readFileSync(EXAMPLES, 'utf8').match(/[\p{L}\p{N}']+[.,?!]?/gu) ?? [];
  const random = randomFor(1, 'bench');
  const text = () => Array.from({ length: 30 }, () => words[Math.floor(nextUniform(random) * words.length)]).join(' ');
  return Array.from({ length: count }, (_, index) => [
    { role: 'system', content: text() },
    ...Array.from({ length: 2 * turns(index) - 1 }, (_, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: text(),
    })),
  ]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function rounds<T>(round: () => T): T[] {
  return Array.from({ length: ROUNDS }, round);
}

/** Tokenization is replaced by one token a piece. */
function renderOnly(tokenizer: Tokenizer): void {
  const renderer = getRenderer(RENDERER, { ...tokenizer, encodePieces: (pieces) => pieces.map(() => [0]) });
  const [prompt = []] = conversationsOf(1, () => TURNS);
  const example = [...prompt, { role: 'assistant', content: 'The last reply.' }];
  const round = () => ({
    prompt: milliseconds(() => renderer.buildGenerationPrompt(prompt)),
    example: milliseconds(() => renderer.buildSupervisedExample(example, 'last_assistant_message')),
  });
  for (let times = 0; times < WARM_UP; times++) round();
  const times = rounds(round);
  const of = (what: 'prompt' | 'example') => `${what} ${median(times.map((time) => time[what])).toFixed(2)} ms`;
  console.log(`${TURNS} turns without tokenization: ${of('prompt')}, ${of('example')}`);
}

function besideTransformers(tokenizer: Tokenizer, model: string, python: string): void {
  const renderer = getRenderer(RENDERER, tokenizer);
  const conversations = conversationsOf(CONVERSATIONS, (index) => 1 + (index % 4));
  const directory = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
  try {
    const file = join(directory, 'conversations.jsonl');
    writeFileSync(file, conversations.map((messages) => `${JSON.stringify(messages)}\n`).join(''));
    let tokens = 0;
    const ours = rounds(() =>
      milliseconds(() => {
        tokens = 0;
        for (const messages of conversations) tokens += tokensOf(renderer.buildGenerationPrompt(messages)).length;
      }),
    );
    const output = execFileSync(python, [PEER, model, file, String(ROUNDS)], { encoding: 'utf8' });
    const theirs: { single: number; batch: number; tokens: number }[] = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    console.log(`${CONVERSATIONS} prompts, ${tokens} tokens here and ${theirs[0]?.tokens} there, medians of ${ROUNDS}`);
    const seconds = median(ours) / 1000;
    console.log(`here                              ${seconds.toFixed(2)} s`);
    for (const [how, label] of [
      ['single', 'one call each'],
      ['batch', 'one call for all'],
    ] as const) {
      const peer = median(theirs.map((round) => round[how]));
      const ratio = (seconds / peer).toFixed(2);
      console.log(`transformers, ${label.padEnd(19)} ${peer.toFixed(2)} s, we take ${ratio} of it`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [model, python] = await Promise.all([lenmlTokenizer('qwen3'), referencePython()]);
if ('missing' in model) throw new Error(model.missing);
if ('missing' in python) throw new Error(python.missing);
const tokenizer = await loadTokenizer(model.directory);
renderOnly(tokenizer);
besideTransformers(tokenizer, model.directory, python.path);
