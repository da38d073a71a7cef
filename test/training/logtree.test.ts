// Logs as trees: their HTML, their JSON, and conversations in them.

import { describe, expect, it } from 'vitest';
import {
  details,
  logtree,
  logtreeHtml,
  logtreeJson,
  section,
  shortNumber,
  table,
  tableOf,
  text,
} from '../../src/training/logtree.ts';
import { conversation } from '../../src/training/logtree_conversation.ts';
import { renderHtml } from '../../src/util/html.ts';
import { contentOf, nodesOf, parseMarkup } from '../support/markup.ts';

const HEAD = { title: 'a "log"', started_at: '2030-01-02T03:04:05.678Z', path: 'iteration_000001/train.html' };

describe('a tree', () => {
  it('is a page of one file', () => {
    const tree = logtree(HEAD, [section({ level: 2, title: 'One' }, [text('a < b'), details('more', [text('…')])])]);
    const page = logtreeHtml(tree);
    const root = parseMarkup(page);
    expect([...nodesOf(root)].map(({ tag }) => tag).filter((tag) => /^h\d$/.test(tag))).toEqual(['h1', 'h2']);
    expect(page.slice(page.indexOf('<body'))).toMatchInlineSnapshot(`
      "<body class="lt-root"><h1 class="lt-title">a &quot;log&quot;</h1>
      <div class="lt-subtitle">2030-01-02T03:04:05.678Z</div>
      <section class="lt-section"><h2 class="lt-h2">One</h2>
      <div class="lt-section-body"><div class="lt-text">a &lt; b</div>
      <details class="lt-details"><summary>more</summary><div class="lt-details-body"><div class="lt-text">…</div>
      </div>
      </details>
      </div>
      </section>
      </body>
      </html>
      "
    `);
  });

  it('is JSON under the names of the reference, with text as it was', () => {
    const hostile = '</script>\u0000\ud83d"';
    const tree = logtree(HEAD, [{ ...text('for people'), data: { type: 'x', value: 1 } }, text(hostile)]);
    const json = JSON.parse(JSON.stringify(logtreeJson(tree)));
    expect(json).toEqual({
      ...HEAD,
      root: {
        tag: 'body',
        attrs: { class: 'lt-root' },
        children: [
          { tag: 'h1', attrs: { class: 'lt-title' }, children: ['a "log"'] },
          { tag: 'div', attrs: { class: 'lt-subtitle' }, children: [HEAD.started_at] },
          { tag: 'div', attrs: { class: 'lt-text' }, children: [], data: { type: 'x', value: 1 } },
          { tag: 'div', attrs: { class: 'lt-text' }, children: [hostile] },
        ],
      },
    });
    expect(contentOf(tree.root)).toContain('for people');
  });

  it('has six levels of headings', () => {
    const tags = [0, 1, 6, 9].map((level) => section({ level, title: 't' }, []).children[0]);
    expect(tags).toMatchObject([{ tag: 'h1' }, { tag: 'h1' }, { tag: 'h6' }, { tag: 'h6' }]);
  });
});

it('tables hold text and nodes, with a head or without', () => {
  expect(contentOf(table(['a', 'b'], [['1', text('2')]]))).toBe('ab12');
  const values = tableOf({ x: 1 / 3, y: 'text' }, { x: 2 });
  expect(renderHtml(values)).not.toContain('<th>');
  expect(contentOf(values)).toBe('x0.333333ytextx2');
});

it('numbers are short', () => {
  expect([1, -0, 0.1 + 0.2, 1e-9, 1234567.891, 1e21, Number.NaN].map(shortNumber)).toEqual(
    '1 0 0.3 1e-9 1234570 1e+21 NaN'.split(' '),
  );
});

describe('a conversation', () => {
  const picture = 'data:image/png;base64,AAAA';
  const messages = [
    {
      role: 'user',
      content: [
        { type: 'text' as const, text: '<b>?' },
        { type: 'image' as const, image: picture, expected_tokens: 4 },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking' as const, thinking: 'hm' },
        { type: 'text' as const, text: 'I ask.' },
      ],
      tool_calls: [{ type: 'function' as const, id: null, function: { name: 'add', arguments: '{"a": 1}' } }],
      unparsed_tool_calls: [{ raw_text: '{"name', error: 'not JSON' }],
    },
    { role: 'tool', name: 'add', tool_call_id: '1', content: '2' },
  ];

  it('is read by people', () => {
    const shown = conversation(messages);
    expect(contentOf(shown)).toBe(
      'user<b>?assistanthmI ask.add({"a": 1}){"name\n[not read as a call: not JSON]tool (add)2',
    );
    expect([...nodesOf(shown)].find(({ tag }) => tag === 'img')?.attrs.src).toBe(picture);
  });

  it('is data for programs', () => {
    expect(conversation(messages).data).toEqual({ type: 'conversation', messages });
  });

  it('fetches no picture from anywhere', () => {
    for (const image of [
      'https://example.org/x.png',
      'javascript:alert(1)',
      'data:image/svg+xml;base64,AAAA',
      `${picture}"`,
    ]) {
      const shown = conversation([{ role: 'user', content: [{ type: 'image', image, expected_tokens: 4 }] }]);
      expect(contentOf(shown)).toBe('user[picture, 4 tokens]');
    }
  });
});
