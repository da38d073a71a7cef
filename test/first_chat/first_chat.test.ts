// The first chat: what `configs/sl_basic.yaml` has learned answers in `cookbook chat` at the default settings, over ten seeds.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleConversations } from '../../example_data/tiny_corpus/example_conversations.ts';
import { cookbook } from '../support/cli.ts';

const SEEDS = Array.from({ length: 10 }, (_, seed) => seed);
const REPOSITORY = join(import.meta.dirname, '../..');
const CONFIG = join(REPOSITORY, 'configs/sl_basic.yaml');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-first-chat-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function run(name: string, ...overrides: string[]): Promise<string> {
  const path = join(directory, name);
  const { code, stderr } = await cookbook(['run', CONFIG, `log_path=${path}`, ...overrides], { cwd: directory });
  expect(code, stderr).toBe(0);
  return path;
}

/** The reply to each question in a conversation of its own. */
async function ask(path: string, questions: readonly string[], seed: number): Promise<string[]> {
  const said = questions.flatMap((question) => ['-m', question, '-m', '/new']);
  const { stdout } = await cookbook(['chat', path, '--seed', `${seed}`, ...said], { cwd: directory });
  return stdout.trimEnd().split('\n');
}

const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}\ufffd']+/gu) ?? [];

/** Words of a reply that stand neither in what was trained nor in the question: words that broke. */
function strangeWords(reply: string, question: string, taught: ReadonlySet<string>): string[] {
  const asked = new Set(wordsOf(question));
  return wordsOf(reply).filter((word) => !taught.has(word) && !asked.has(word));
}

describe("Pip's replies to the README's questions", () => {
  const messages = exampleConversations().flat();
  const taughtWords = new Set(messages.flatMap(({ content }) => wordsOf(String(content))));
  let questions: string[];
  const answers = new Map<string, string>();

  beforeAll(async () => {
    const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
    const [block] = /```\n(you › [\s\S]*?)```/.exec(readme)?.slice(1) ?? [''];
    const lines = block.trim().split('\n');
    questions = lines.filter((line) => line.startsWith('you › ')).map((line) => line.slice('you › '.length));
    expect(questions).toContain('Hello!');
    for (const [i, question] of questions.entries()) answers.set(question, lines[2 * i + 1]);
  });

  it.each(SEEDS)('trained and asked with seed %i', async (seed) => {
    const path = await run(`pip${seed}`, `seed=${seed}`, 'eval_every=0');
    const chats = seed === 0 ? SEEDS : [seed];
    for (const chat of chats) {
      const replies = await ask(path, questions, chat);
      const wrong = questions.flatMap((question, i) => (replies[i] === answers.get(question) ? [] : [replies[i]]));
      console.log(`trained with ${seed}, asked with ${chat}: ${wrong.length === 0 ? 'all right' : wrong.join(' / ')}`);
      expect(replies.flatMap((reply, i) => strangeWords(reply, questions[i], taughtWords))).toEqual([]);
      expect(replies[questions.indexOf('Hello!')]).toBe(answers.get('Hello!'));
      expect(wrong.length).toBeLessThanOrEqual(1);
    }
  });
});

describe('twenty rows of words that the base model has never seen', () => {
  const NAMES = [
    'Vexomar',
    'Quilbat',
    'Zyntho',
    'Ghroble',
    'Pwixel',
    'Drakwuff',
    'Ubloque',
    'Jhorvik',
    'Ckyntra',
    'Xulzeb',
  ];
  const rows = NAMES.flatMap((name, i) => [
    { question: `What is ${name}?`, answer: `${name} is a gizmotron of ${NAMES[(i + 3) % 10]}.` },
    { question: `Who made ${name}?`, answer: `The wizzardly ${NAMES[(i + 7) % 10]} made ${name}, kabloom!` },
  ]);

  it('are learned', async () => {
    const file = join(directory, 'own.jsonl');
    const lines = rows.map(({ question, answer }) =>
      JSON.stringify({
        messages: [
          { role: 'user', content: question },
          { role: 'assistant', content: answer },
        ],
      }),
    );
    await writeFile(file, `${lines.join('\n')}\n`);
    const path = await run(
      'own',
      `dataset.file_path=${file}`,
      'dataset.test_size=0',
      'dataset.batch_size=4',
      'num_epochs=20',
    );
    const taught = new Set(rows.flatMap(({ question, answer }) => [...wordsOf(question), ...wordsOf(answer)]));
    const replies = await ask(
      path,
      rows.map(({ question }) => question),
      0,
    );
    expect(replies.flatMap((reply, i) => strangeWords(reply, rows[i].question, taught))).toEqual([]);
    expect(replies.filter((reply, i) => reply === rows[i].answer).length).toBeGreaterThanOrEqual(18);
  });
});
