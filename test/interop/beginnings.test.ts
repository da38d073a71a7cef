// Beginnings of conversations, rendered while the whole is: the same as each by itself, with the chat templates of many models,
// those that the PyPI package trl carries.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { type Beginning, compileTemplate } from '../../src/renderers/conversation_template.ts';
import { plain } from '../../src/renderers/jinja/text.ts';
import type { Message } from '../../src/renderers/types.ts';
import { RendererError } from '../../src/util/errors.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { generatedConversations } from '../support/generated_conversations.ts';
import { pypiPackage, TRL } from './packages.ts';

const python = inject('python');
const trl = python === null ? { missing: 'there is no Python' } : await pypiPackage(python, TRL);
const directory = 'missing' in trl ? null : join(trl.directory, 'trl/chat_templates');
const names = directory === null ? [] : (await readdir(directory)).filter((name) => name.endsWith('.jinja'));
if ('missing' in trl) process.stderr.write(`interop: BEGINNINGS ARE SKIPPED: ${trl.missing}\n`);

const conversations = [
  ...generatedConversations({ reasoning: false, calls: false }, { count: 12, seed: 5 }),
  ...generatedConversations({ reasoning: true, calls: true }, { count: 12, seed: 6 }),
];

function outcome(render: () => string): string {
  try {
    return render();
  } catch (error) {
    if (error instanceof RendererError) return `! ${error.message}`;
    throw error;
  }
}

test.skipIf(directory === null).for(names)('%s', async (name) => {
  // A block of transformers' own, which writes what it holds.
  const source = (await readFile(join(directory ?? '', name), 'utf8')).replace(
    /\{%-?\s*(?:end)?generation\s*-?%\}/g,
    '',
  );
  const tokenizer = charTokenizer({ bos: '<|begin_of_text|>' });
  const template = compileTemplate({ ...tokenizer, chatTemplate: source }, '2025-01-01');
  for (const messages of conversations) {
    const whole = outcome(() => plain(template.render(messages, false).text));
    if (whole.startsWith('! ')) continue;
    const beginnings = messages.flatMap((message, index): Beginning[] => [
      { count: index, asked: true },
      { count: index + 1, asked: false },
      { count: index + 1, asked: false, last: { ...message, content: 'probe' } },
    ]);
    const { rendering, beginningOf } = template.renderWithBeginnings(messages, beginnings);
    expect(plain(rendering.text)).toBe(whole);
    beginnings.forEach(({ count, asked, last }, index) => {
      const shown: Message[] = last === undefined ? messages.slice(0, count) : [...messages.slice(0, count - 1), last];
      const alone = outcome(() => plain(template.render(shown, asked).text));
      const together = outcome(() => {
        const { head, tail } = beginningOf(index);
        return whole.slice(0, head) + tail;
      });
      expect(together).toBe(alone);
    });
  }
});
