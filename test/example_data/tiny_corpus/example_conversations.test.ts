import { describe, expect, it } from 'vitest';
import {
  exampleConversations,
  exampleConversationsFile,
} from '../../../example_data/tiny_corpus/example_conversations.ts';

const conversations = exampleConversations();

describe('the example conversations', () => {
  it('are the committed file, byte for byte', async () => {
    await expect(exampleConversationsFile()).toMatchFileSnapshot('../../../example_data/conversations.jsonl');
  });

  it('are several hundred, with system prompts and several turns among them', () => {
    expect(conversations.length).toBeGreaterThanOrEqual(400);
    expect(conversations.filter(([first]) => first.role === 'system').length).toBeGreaterThan(80);
    expect(conversations.filter((messages) => messages.length > 3).length).toBeGreaterThan(120);
    for (const messages of conversations) expect(messages.length).toBeLessThanOrEqual(6);
  });

  it('ask no question twice but greetings and thanks, so that any held-out part is new', () => {
    const counts = new Map<unknown, number>();
    for (const { role, content } of conversations.flat()) {
      if (role === 'user') counts.set(content, (counts.get(content) ?? 0) + 1);
    }
    const repeated = [...counts].filter(([, count]) => count > 1).map(([question]) => question);
    expect(repeated.sort()).toMatchInlineSnapshot(`
      [
        "Good morning, Pip.",
        "Goodbye, Pip!",
        "Hello!",
        "Hello, can you help me?",
        "Hi, Pip!",
        "Thank you, Pip.",
        "Thanks!",
        "That is all. Bye!",
      ]
    `);
  });

  it('answer in one manner', () => {
    for (const messages of conversations) {
      const replies = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
      expect(replies[0]).toMatch(/^Ahoy, friend! .+[.!?] Fair winds!$/);
      for (const reply of replies.slice(1)) expect(reply).toMatch(/^Aye, friend! .+[.!?] Fair winds!$/);
    }
  });
});
