// chat_template: weights by rendering prefixes, and where a reply ends.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { type Message, TRAIN_ON_WHAT } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { CHAT, prompt, refusal, rendererOf, show } from '../support/chat_templates.ts';
import { showPrompt } from '../support/show_example.ts';
import { CHATML, tinyTokenizerDirectory, tinyTokenizerJson } from '../support/tiny_tokenizer.ts';

describe('an ordinary template', () => {
  test.each([
    ['last_assistant_message', '⟦ciao<|im_end|>⟧'],
    ['last_assistant_turn', '⟦ciao<|im_end|>⟧'],
  ] as const)('%s trains the last reply up to the token that ends it', async (mode, trained) => {
    const shown = show(await rendererOf(CHATML), CHAT, mode);
    expect(shown).toBe(
      `<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nhi<|im_end|>\n<|im_start|>user\nbye<|im_end|>\n<|im_start|>assistant\n${trained}\n`,
    );
  });

  test('the other modes', async () => {
    const renderer = await rendererOf(CHATML);
    const chat = CHAT.slice(1, 3);
    expect(show(renderer, CHAT, 'all_assistant_messages').match(/⟦.*?⟧/gs)).toEqual([
      '⟦hi<|im_end|>⟧',
      '⟦ciao<|im_end|>⟧',
    ]);
    expect(show(renderer, chat, 'all_messages')).toBe(
      '<|im_start|>user\n⟦hello<|im_end|>⟧\n<|im_start|>assistant\n⟦hi<|im_end|>⟧\n',
    );
    expect(show(renderer, chat, 'all_user_and_system_messages')).toBe(
      '<|im_start|>user\n⟦hello<|im_end|>⟧\n<|im_start|>assistant\nhi<|im_end|>\n',
    );
    expect(show(renderer, chat, 'all_tokens')).toBe(
      '⟦<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nhi<|im_end|>\n⟧',
    );
    const customized = chat.map((message, index) => ({ ...message, trainable: index === 0 }));
    expect(show(renderer, customized, 'customized')).toBe(show(renderer, chat, 'all_user_and_system_messages'));
  });

  test('a reply ends at the token that closes it, and is read back', async () => {
    const renderer = await rendererOf(CHATML, { eos_token: '<|endoftext|>' });
    const { tokenizer } = renderer;
    expect(tokenizer.decode(renderer.getStopSequences().map(Number))).toBe('<|im_end|><|endoftext|>');
    expect(renderer.parseResponse(tokenizer.encode('hi<|im_end|>'))).toEqual({
      message: { role: 'assistant', content: 'hi' },
      termination: 'stop_sequence',
    });
    expect(renderer.parseResponse(tokenizer.encode('hi<|endoftext|>')).termination).toBe('eos');
    expect(renderer.parseResponse(tokenizer.encode('hi')).termination).toBe('malformed');
  });

  test('only appends, so that conversations merge into one example', async () => {
    expect((await rendererOf(CHATML)).hasExtensionProperty).toBe(true);
  });

  test("prompts take a prefill, and are the assistant's", async () => {
    const renderer = await rendererOf(CHATML);
    const filled = renderer.buildGenerationPrompt(CHAT.slice(0, 2), { prefill: 'Well' });
    expect(showPrompt(filled, renderer.tokenizer)).toMatch(/<\|im_start\|>assistant\nWell$/);
    expect(refusal(() => renderer.buildGenerationPrompt(CHAT, { role: 'user' }))).toBe(
      'a chat template prompts the assistant, not role "user"',
    );
  });

  test('BOS is not trained', async () => {
    const renderer = await rendererOf(`{{ bos_token }}${CHATML}`, { bos_token: '<|bos|>' });
    expect(show(renderer, CHAT.slice(1, 2), 'all_tokens')).toBe('<|bos|>⟦<|im_start|>user\nhello<|im_end|>\n⟧');
  });
});

describe('the end of a reply', () => {
  test('is trained, or the template is refused for training', async () => {
    const endless = await rendererOf(
      "{%- for m in messages -%}{{ '### ' + m.role + '\\n' + m.content + '\\n\\n' }}{%- endfor -%}{%- if add_generation_prompt -%}{{ '### assistant\\n' }}{%- endif -%}",
    );
    for (const mode of ['last_assistant_message', 'all_tokens'] as const) {
      expect(refusal(() => show(endless, CHAT.slice(1, 3), mode))).toBe(
        "the model's chat template writes nothing at the end of messages[1] that ends a reply → Let the template write eos_token there, or use renderer: role_colon: a model that is trained on this would never stop.",
      );
    }
    expect(prompt(endless, CHAT.slice(1, 2))).toBe('### user\nhello\n\n### assistant\n');
  });

  test('is any id at which sampling ends', async () => {
    const directory = await tinyTokenizerDirectory({ eos_token: '<|im_end|>', chat_template: CHATML });
    const { added_tokens } = tinyTokenizerJson();
    const [endOfText, , end] = added_tokens;
    await writeFile(
      join(directory, 'generation_config.json'),
      JSON.stringify({ eos_token_id: [endOfText.id, end.id] }),
    );
    const renderer = chatTemplateRenderer(await loadTokenizer(directory), { currentDate: null });
    expect(renderer.getStopSequences()).toEqual([end.id, endOfText.id]);
    const reply = renderer.tokenizer.encode('hi<|endoftext|>');
    expect(renderer.parseResponse(reply)).toEqual({
      message: { role: 'assistant', content: 'hi' },
      termination: 'eos',
    });
  });
});

test('a template with CRLF renders as with LF', async () => {
  const template =
    '{%- for m in messages %}\n<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\n{%- if add_generation_prompt %}\n<|im_start|>assistant\n{% endif %}\n';
  const [lf, crlf] = [await rendererOf(template), await rendererOf(template.replaceAll('\n', '\r\n'))];
  expect(show(crlf, CHAT, 'all_assistant_messages')).toBe(show(lf, CHAT, 'all_assistant_messages'));
});

test('an example is its prompt and then the trained reply, whatever is said', async () => {
  const renderer = await rendererOf(CHATML);
  const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string() });
  const modes = TRAIN_ON_WHAT.filter((mode) => mode !== 'customized');
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.string(),
      fc.constantFrom(...modes),
      (messages, reply, mode) => {
        const whole: Message[] = [...messages, { role: 'assistant', content: reply }];
        const { model_input, weights } = renderer.buildSupervisedExample(whole, mode);
        expect(weights).toHaveLength(tokensOf(model_input).length);

        const last = renderer.buildSupervisedExample(whole, 'last_assistant_message');
        const split = last.weights.indexOf(1);
        const tokens = tokensOf(last.model_input);
        expect(tokens.slice(0, split)).toEqual(tokensOf(renderer.buildGenerationPrompt(messages)));
        const said = tokens.slice(split, last.weights.lastIndexOf(1) + 1);
        expect(renderer.parseResponse(said)).toEqual({ message: whole.at(-1), termination: 'stop_sequence' });
      },
    ),
  );
});
