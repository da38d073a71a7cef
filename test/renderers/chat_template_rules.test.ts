// chat_template: templates that refuse, ask for the date, or cannot be rendered.

import { describe, expect, test } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { Message } from '../../src/renderers/types.ts';
import { ConfigurationError } from '../../src/util/errors.ts';
import { ALTERNATING, CHAT, prompt, refusal, rendererOf, show } from '../support/chat_templates.ts';
import { CHATML, tinyTokenizer } from '../support/tiny_tokenizer.ts';

describe('templates with rules', () => {
  const llama2 = () => rendererOf(ALTERNATING, { bos_token: '<|bos|>', eos_token: '<|endoftext|>' });

  test('their refusals reach the user', async () => {
    const renderer = await llama2();
    expect(refusal(() => prompt(renderer, CHAT))).toBe(
      "the model's chat template refuses the conversation: roles must alternate user/assistant",
    );
  });

  test('white space that they put around a reply is trained, and taken off again', async () => {
    const renderer = await llama2();
    expect(show(renderer, CHAT.slice(1), 'all_assistant_messages')).toBe(
      '<|bos|>[INST] hello [/INST]⟦ hi <|endoftext|>⟧[INST] bye [/INST]⟦ ciao <|endoftext|>⟧',
    );
    const reply = renderer.tokenizer.encode(' ciao <|endoftext|>');
    expect(renderer.parseResponse(reply).message.content).toBe('ciao');
    expect(renderer.hasExtensionProperty).toBe(true);
  });

  test('a template that writes the prompt unasked is cut back', async () => {
    const eager = await rendererOf(CHATML.replace('add_generation_prompt', 'true'));
    const polite = await rendererOf(CHATML);
    for (const mode of ['last_assistant_message', 'all_assistant_messages'] as const)
      expect(show(eager, CHAT, mode).trimEnd()).toBe(show(polite, CHAT, mode).trimEnd());
  });

  test('a template that leaves out a role that is to be trained is refused', async () => {
    const renderer = await rendererOf(
      CHATML.replace('message.content', "(message.content if message.role != 'tool' else '')"),
    );
    const messages: Message[] = [CHAT[1], { role: 'tool', content: 'blue' }, CHAT[2]];
    expect(refusal(() => show(renderer, messages, 'all_messages'))).toBe(
      'the model\'s chat template does not show messages of role "tool"',
    );
  });
});

describe('today', () => {
  const DATED = `{{ strftime_now('%A %d %B %Y, %d-%b-%y') if strftime_now is defined else 'no date' }}${CHATML}`;

  test('is what the spec says, or undefined, and never what the clock says', async () => {
    const short = DATED.replace(', %d-%b-%y', ' %H:%M');
    expect(prompt(await rendererOf(short, {}, '2025-01-31'), [])).toMatch(/^Friday 31 January 2025 00:00</);
    expect(prompt(await rendererOf(short), [])).toMatch(/^no date</);
  });

  test('that a template cannot do without is asked for', async () => {
    await expect(rendererOf(`{{ strftime_now('%Y') }}${CHATML}`)).rejects.toMatchObject({
      hint: 'If it asks for the date, set it in the renderer: {builder: chat_template, current_date: 2025-01-31}.',
    });
    await expect(rendererOf(DATED, {}, '2025-01-31')).rejects.toThrow('it formats the date with %y');
  });
});

describe('models that cannot be rendered', () => {
  test.each([
    ['no Jinja', '{% if %}', /is no Jinja that can be read/],
    ['no replies', `{{ 'nothing' }}`, /does not show what the assistant says/],
    [
      'nothing that ends a reply',
      '{% for m in messages %}{{ m.content }}\n{% endfor %}',
      /nothing ends an assistant message/,
    ],
  ])('%s', async (_, template, message) => {
    await expect(rendererOf(template, { eos_token: null })).rejects.toThrow(message);
  });

  test('no template at all', async () => {
    const tokenizer = await tinyTokenizer({ chat_template: null });
    expect(() => chatTemplateRenderer(tokenizer, { currentDate: null })).toThrow(ConfigurationError);
  });
});
