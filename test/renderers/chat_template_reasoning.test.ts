// chat_template: reasoning, which many templates drop from history.

import { describe, expect, test } from 'vitest';
import { CHAT, REASONING, refusal, rendererOf, show, THINKING } from '../support/chat_templates.ts';
import { CHATML } from '../support/tiny_tokenizer.ts';

describe('a template that rewrites history', () => {
  const chat = [...CHAT.slice(1, 4), THINKING];

  test('trains what stays as it is', async () => {
    const renderer = await rendererOf(REASONING);
    expect(show(renderer, chat, 'last_assistant_message')).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nhi<|im_end|>\n<|im_start|>user\nbye<|im_end|>\n<|im_start|>assistant\n⟦<think>\nhm\n</think>\n\nciao<|im_end|>⟧\n',
    );
    expect(show(renderer, chat, 'all_user_and_system_messages').match(/⟦.*?⟧/gs)).toEqual([
      '⟦hello<|im_end|>⟧',
      '⟦bye<|im_end|>⟧',
    ]);
  });

  test('refuses to train what it shows in two ways, and says what to do', async () => {
    const renderer = await rendererOf(REASONING);
    expect(refusal(() => show(renderer, chat, 'all_assistant_messages'))).toMatchInlineSnapshot(
      `"the model's chat template renders messages[1] in another way once more messages follow it → Use train_on_what: last_assistant_message, or the renderer of this model family."`,
    );
  });

  test('has no extension property', async () => {
    expect((await rendererOf(REASONING)).hasExtensionProperty).toBe(false);
  });

  test('a prompt that the reply does not continue is told from it', async () => {
    const renderer = await rendererOf(CHATML.replace('assistant\\n', 'assistant\\nSure: '));
    expect(refusal(() => show(renderer, CHAT.slice(1, 3), 'last_assistant_message'))).toBe(
      "the model's chat template renders messages[1] as no continuation of its own prompt → Use the renderer of this model family, or role_colon.",
    );
    expect(renderer.hasExtensionProperty).toBe(false);
  });

  test('names the mode that works where the last reply would do', async () => {
    const renderer = await rendererOf(CHATML.replace('assistant\\n', 'assistant\\n<think>\\n'));
    expect(refusal(() => show(renderer, CHAT.slice(1), 'all_assistant_messages'))).toBe(
      "the model's chat template renders messages[1] as no continuation of its own prompt → Use train_on_what: last_assistant_message, or the renderer of this model family.",
    );
  });
});

describe('reasoning', () => {
  test('is read back, with the opening tag or after a prompt that wrote it', async () => {
    const renderer = await rendererOf(REASONING);
    const reply = renderer.tokenizer.encode('<think>\nhm\n</think>\n\nciao<|im_end|>');
    expect(renderer.parseResponse(reply).message).toEqual(THINKING);

    const opened = await rendererOf(
      REASONING.replace("'<|im_start|>assistant\\n'", "'<|im_start|>assistant\\n<think>\\n'"),
    );
    const rest = opened.tokenizer.encode('hm\n</think>\n\nciao<|im_end|>');
    expect(opened.parseResponse(rest).message).toEqual(THINKING);
    expect(show(opened, [CHAT[1], THINKING], 'last_assistant_message')).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n<think>\n⟦hm\n</think>\n\nciao<|im_end|>⟧\n',
    );
  });

  test('that the template writes for a reply without any is not part of the reply', async () => {
    const renderer = await rendererOf(REASONING);
    const reply = renderer.tokenizer.encode('<think>\n\n</think>\n\nciao<|im_end|>');
    expect(renderer.parseResponse(reply).message).toEqual({ role: 'assistant', content: 'ciao' });
  });

  test('stands in the text where a template has no place of its own for it', async () => {
    expect(show(await rendererOf(CHATML), [CHAT[1], THINKING], 'last_assistant_message')).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n⟦<think>\nhm\n</think>\n\nciao<|im_end|>⟧\n',
    );
  });

  test('must not get lost in what is trained', async () => {
    const forgetful = await rendererOf(CHATML.replace('message.content', "message.content.split('</think>')[-1]"));
    expect(refusal(() => show(forgetful, [CHAT[1], THINKING], 'last_assistant_message'))).toMatch(
      /leaves the reasoning of messages\[1\] out/,
    );
    expect(forgetful.hasExtensionProperty).toBe(false);
  });
});

describe('a prompt that opens the reasoning, of a template that takes it out of every reply', () => {
  const OPENS = CHATML.replace('assistant\\n', 'assistant\\n<think>\\n').replace(
    'message.content',
    "message.content.split('</think>')[-1]",
  );
  test.each([
    ['with reasoning', THINKING, 'hm\n</think>\n\nciao'],
    [
      'with reasoning in its text',
      { role: 'assistant', content: '<think>\nhm\n</think>\n\nciao' },
      'hm\n</think>\n\nciao',
    ],
    ['without any', CHAT[4], '\n</think>\n\nciao'],
  ])('trains a last reply %s as the model writes it', async (_, reply, trained) => {
    expect(show(await rendererOf(OPENS), [CHAT[1], reply], 'last_assistant_message')).toBe(
      `<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n<think>\n⟦${trained}<|im_end|>⟧\n`,
    );
  });
});
