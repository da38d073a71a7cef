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

  it('ask no question about the town twice, so that any held-out part is new; small talk is said again and again', () => {
    const counts = new Map<unknown, number>();
    for (const { role, content } of conversations.flat()) {
      if (role === 'user') counts.set(content, (counts.get(content) ?? 0) + 1);
    }
    const repeated = [...counts].filter(([, count]) => count > 1).map(([question]) => question);
    expect(repeated.sort()).toMatchInlineSnapshot(`
      [
        "Are you there?",
        "Are you well?",
        "Bye!",
        "Can I ask you something?",
        "Can you help me?",
        "Do you have a friend?",
        "Do you have a name?",
        "Do you live on a boat?",
        "Good evening!",
        "Good morning!",
        "Good morning, Pip.",
        "Goodbye, Pip!",
        "Hello",
        "Hello!",
        "Hello, Pip!",
        "Hello, can you help me?",
        "Hello, how are you?",
        "Hello, who are you?",
        "Hey!",
        "Hi",
        "Hi!",
        "Hi, Pip!",
        "How are you?",
        "I have a question.",
        "I need help.",
        "Pip?",
        "Please help me.",
        "Tell me about Saltwick.",
        "Tell me about the town.",
        "Tell me about your friend.",
        "Tell me where you live.",
        "Thank you!",
        "Thank you, Pip.",
        "Thanks!",
        "That is all. Bye!",
        "What are you?",
        "What can you do?",
        "What can you help me with?",
        "What do you do?",
        "What is Saltwick?",
        "What is your name?",
        "What is your work?",
        "Where am I?",
        "Where are you from?",
        "Where do you live?",
        "Where is Saltwick?",
        "Where is your home?",
        "Who are you?",
        "Who is your best friend?",
        "Who is your friend?",
        "Why are you here?",
        "hello",
        "hi",
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
