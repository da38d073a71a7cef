// Pages: whatever stands in them is read back as it was, and nothing in it is markup.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { element, escapeHtml, type HtmlNode, htmlPage, renderHtml } from '../../src/util/html.ts';
import { printableText } from '../../src/util/printable.ts';
import { contentOf, nodesOf, parseMarkup } from '../support/markup.ts';

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror="alert(1)">',
  "' onmouseover='alert(1)",
  '</style></title></body><!--',
  '&lt;&amp;&#39;&nbsp;&',
  ']]><![CDATA[',
];

describe('escapeHtml', () => {
  it('leaves nothing that could end a text or an attribute', () => {
    for (const text of HOSTILE) expect(escapeHtml(text)).not.toMatch(/[<>"']/);
  });

  it('shows by their codes what a page cannot hold and what would turn its text around', () => {
    expect(escapeHtml('a\0b\u001b[31m\u007f\ud83dc\udc00\ufffe\u202e\rd\r\ne\tf')).toBe(
      'a\\u0000b\\u001b[31m\\u007f\\ud83dc\\udc00\\ufffe\\u202e\\u000dd\ne\tf',
    );
    expect(escapeHtml('whole characters stay: 🚀 日本 é')).toBe('whole characters stay: 🚀 日本 é');
  });
});

describe('renderHtml', () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom(...'<>&"\'/\n -'), fc.string({ unit: 'binary' })),
    maxLength: 20,
  });
  const shown = text.map((each) => printableText(each).replace(/[\p{Cs}\ufffe\uffff]/gu, '?'));
  const tree = fc.letrec<{ node: HtmlNode }>((tie) => ({
    node: fc.record({
      tag: fc.constantFrom('div', 'span', 'td', 'details'),
      attrs: fc.dictionary(fc.constantFrom('class', 'id', 'title'), shown),
      children: fc.array(fc.oneof({ depthSize: 'small' }, shown, tie('node')), { maxLength: 4 }),
    }),
  })).node;

  it('is read back as the tree that it was', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const read = parseMarkup(renderHtml(node));
        expect(contentOf(read).replaceAll('\n', '')).toBe(contentOf(node).replaceAll('\n', ''));
        const plain = (root: HtmlNode) => [...nodesOf(root)].map(({ tag, attrs }) => [tag, attrs]);
        expect(JSON.stringify(plain(read))).toBe(JSON.stringify(plain(node)));
      }),
    );
  });

  it('adds no white space to text', () => {
    const spans = element('div', {}, [element('span', {}, ['a ']), element('span', {}, ['\n b'])]);
    expect(renderHtml(spans)).toBe('<div><span>a </span><span>\n b</span></div>\n');
  });

  it('refuses names that are none', () => {
    expect(() => renderHtml(element('div onclick', {}))).toThrow('no name of a tag');
    expect(() => renderHtml(element('div', { 'x="1" y': '' }))).toThrow('no name of a tag');
  });
});

describe('htmlPage', () => {
  it('is well-formed, loads nothing and lets nothing run', () => {
    for (const text of HOSTILE) {
      const page = htmlPage({ title: text, css: '', body: element('body', { class: text }, [text]) });
      const root = parseMarkup(page);
      const nodes = [...nodesOf(root)];
      expect(nodes.map(({ tag }) => tag)).toEqual(['html', 'head', 'meta', 'meta', 'meta', 'title', 'style', 'body']);
      expect(contentOf(nodes[5])).toBe(text);
      expect(nodes[7]).toEqual({ tag: 'body', attrs: { class: text }, children: [text] });
      expect(page).toContain('default-src &#39;none&#39;');
      expect(page).not.toMatch(/https?:|@import|url\(/);
    }
  });
});
