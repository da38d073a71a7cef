// Beginnings of a conversation that are rendered on the way: what a template would have rendered of each by itself.

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { type Beginning, compileTemplate } from '../../src/renderers/conversation_template.ts';
import { ChatTemplate } from '../../src/renderers/jinja/template.ts';
import { plain } from '../../src/renderers/jinja/text.ts';
import type { Message } from '../../src/renderers/types.ts';
import { RendererError } from '../../src/util/errors.ts';
import { CHATML, tinyTokenizer } from '../support/tiny_tokenizer.ts';

const tokenizer = await tinyTokenizer();
const templateOf = (chatTemplate: string) => compileTemplate({ ...tokenizer, chatTemplate }, null);

const MESSAGE = "{{ '[' + m.role + ']' + m.content + ';' }}";
const PROMPT = '{% if add_generation_prompt %}[assistant]{% endif %}';
const loop = (inner: string, over = 'messages', after = PROMPT) => `{% for m in ${over} %}${inner}{% endfor %}${after}`;

/** By what they look at; `true`: every beginning is found on the way. */
const TEMPLATES: [string, string, boolean][] = [
  ['each message', loop(MESSAGE), true],
  ['whether a message is the first', loop(`{% if loop.first %}<{% endif %}${MESSAGE}`), true],
  ['the message before', loop(`{% if loop.previtem and loop.previtem.role == m.role %}+{% endif %}${MESSAGE}`), true],
  ['earlier messages by number', loop(`{{ messages[loop.index0 - 1].role if loop.index0 > 0 }}${MESSAGE}`), true],
  ['the first message before all', `{{ messages[0].content if messages }}${loop(MESSAGE)}`, true],
  ['messages after the first', `{% set rest = messages[1:] %}${loop(MESSAGE, 'rest')}`, true],
  [
    'what it has counted',
    `{% set ns = namespace(n=0) %}${loop(`{% set ns.n = ns.n + 1 %}${MESSAGE}`)}{{ ns.n }}`,
    true,
  ],
  ['names that it sets after the loop', `{% set x = 'a' %}${loop(MESSAGE)}{% set x = x + 'b' %}{{ x }}${PROMPT}`, true],
  ['a macro', `{% macro say(m) %}${MESSAGE}{% endmacro %}${loop('{{ say(m) }}')}`, true],
  ['what has changed', loop(`{% if loop.changed(m.role) %}*{% endif %}${MESSAGE}`), true],
  ['in turn', loop(`{{ loop.cycle('a', 'b') }}${MESSAGE}`), true],
  [
    'what it takes from a generator',
    `{% set g = ['x', 'y'] | map('upper') %}${loop(MESSAGE)}{{ g | join }}{{ g | join }}`,
    true,
  ],
  ['only until a reply', loop(`${MESSAGE}{% if m.role == 'assistant' %}{% break %}{% endif %}`), false],
  ['whether a message is the last', loop(`${MESSAGE}{% if loop.last %}.{% endif %}`), true],
  [
    'whether the last is to be answered',
    loop(`${MESSAGE}{% if loop.last and add_generation_prompt %}[assistant]{% endif %}`, 'messages', ''),
    true,
  ],
  ['the message after', loop(`${MESSAGE}{% if loop.nextitem and loop.nextitem.role == m.role %}+{% endif %}`), true],
  ['whether it is asked, at every message', loop(`{% if add_generation_prompt %}!{% endif %}${MESSAGE}`), false],
  ['how many there are', loop(`{{ loop.length }}${MESSAGE}`), false],
  ['the last message before all', `{{ messages[-1].role if messages }}${loop(MESSAGE)}`, false],
  ['their number before all', `{{ messages | length }}${loop(MESSAGE)}`, false],
  [
    'the last question',
    `{% set ns = namespace(q=-1) %}{% for m in messages[::-1] %}{% if m.role == 'user' and ns.q < 0 %}{% set ns.q = loop.revindex0 %}{% endif %}{% endfor %}${loop(`{% if loop.index0 > ns.q %}*{% endif %}${MESSAGE}`)}`,
    false,
  ],
  ['some messages', loop(MESSAGE, "messages if m.role != 'system'"), false],
  ['messages twice', loop('{{ m.role }},', 'messages', '') + loop(MESSAGE), true],
  ['a loop within something', `{% if true %}${loop(MESSAGE)}{% endif %}`, false],
  [
    'what it refuses',
    loop(`{% if loop.index0 % 2 == 0 and m.role == 'assistant' %}{{ raise_exception('no') }}{% endif %}${MESSAGE}`),
    true,
  ],
  [
    'an end that it refuses',
    `${loop(MESSAGE, 'messages', '')}{% if messages[-1].role == 'assistant' and add_generation_prompt %}{{ raise_exception('no') }}{% endif %}${PROMPT}`,
    true,
  ],
];

const message = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant'),
  content: fc.constantFrom('a', 'b ', '', '[user]'),
});

/** The text, or what is wrong. */
function outcome(render: () => string): string {
  try {
    return render();
  } catch (error) {
    if (error instanceof RendererError) return `! ${error.message}`;
    throw error;
  }
}

describe('a template that looks at', () => {
  afterEach(() => vi.restoreAllMocks());

  test.each(TEMPLATES)('%s', (_, source) => {
    const template = templateOf(source);
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
        const beginnings = Array.from({ length: messages.length + 1 }, (_, count): Beginning[] => {
          const last: Message = { role: 'user', content: 'probe' };
          const plainOnes = [true, false].map((asked) => ({ count, asked }));
          return count === 0 ? plainOnes : [...plainOnes, { count, asked: false, last }];
        }).flat();
        const shown = ({ count, last }: Beginning) =>
          last === undefined ? messages.slice(0, count) : [...messages.slice(0, count - 1), last];
        const alone = outcome(() => plain(template.render(messages, false).text));
        const whole = outcome(() => plain(template.renderWithBeginnings(messages, beginnings).rendering.text));
        expect(whole).toBe(alone);
        if (alone.startsWith('!')) return;
        const { beginningOf } = template.renderWithBeginnings(messages, beginnings);
        beginnings.forEach((beginning, index) => {
          const together = outcome(() => {
            const { head, tail } = beginningOf(index);
            return whole.slice(0, head) + tail;
          });
          expect(together).toBe(outcome(() => plain(template.render(shown(beginning), beginning.asked).text)));
        });
      }),
      { numRuns: 60 },
    );
  });

  test.each(TEMPLATES)('%s renders beginnings of it on the way, if it can', (_, source, isOnTheWay) => {
    const template = templateOf(source);
    const messages: Message[] = ['user', 'assistant', 'user', 'assistant'].map((role) => ({ role, content: 'x' }));
    const beginnings = [2, 3, 4].flatMap((count) => [
      { count, asked: count % 2 === 1 },
      { count, asked: false },
    ]);
    const { beginningOf } = template.renderWithBeginnings(messages, beginnings);
    const render = vi.spyOn(ChatTemplate.prototype, 'render');
    for (const index of beginnings.keys()) beginningOf(index);
    if (isOnTheWay) expect(render).not.toHaveBeenCalled();
    else expect(render).toHaveBeenCalled();
  });
});

describe('training on every message of a long conversation', () => {
  afterEach(() => vi.restoreAllMocks());

  test.each([
    ['that renders message by message', CHATML],
    ['that also writes its prompt where none is asked', CHATML.replace('add_generation_prompt', 'true')],
  ])('renders it once with a template %s', async (_, chat_template) => {
    const renderer = chatTemplateRenderer(await tinyTokenizer({ chat_template }), { currentDate: null });
    const messages = Array.from({ length: 300 }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: `message ${index}`,
    }));
    const render = vi.spyOn(ChatTemplate.prototype, 'render');
    const whole = vi.spyOn(ChatTemplate.prototype, 'renderWithPrefixes');
    const { weights } = renderer.buildSupervisedExample(messages, 'all_messages');
    expect(whole).toHaveBeenCalledTimes(1);
    // The empty beginning, and the prompt of the last reply.
    expect(render.mock.calls.length).toBeLessThanOrEqual(3);
    expect(weights.filter((weight, index) => weight === 1 && weights[index - 1] !== 1)).toHaveLength(300);
  });
});
