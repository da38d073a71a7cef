// Chat templates mean what they mean to Python: the values here were printed by jinja2 as transformers sets it up.

import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/renderers/jinja/json.ts';
import { ChatTemplate } from '../../src/renderers/jinja/template.ts';
import { plain, spansOf, tracked } from '../../src/renderers/jinja/text.ts';
import { Dict, type Value } from '../../src/renderers/jinja/values.ts';

const VALUES = parseJson(
  `{"s": "  ab\\n", "bom": "\\ufeffa\\u0085", "none": null, "yes": true, "whole": 1.0, "emoji": "a😀b",
    "list": [1, "a", null, true, 1.0], "dict": {"a": 1, "q": "it's"}, "pairs": [[1, 2], [3, 4]],
    "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo", "x": null}]}`,
  (text) => text,
);

function render(source: string, values: Value = VALUES): string {
  const entries = values instanceof Dict ? values.entries().map(([key, value]) => [String(key), value] as const) : [];
  return plain(new ChatTemplate(source).render(new Map(entries)));
}
function problem(source: string): string {
  try {
    return `no problem: ${render(source)}`;
  } catch (error) {
    return error instanceof Error ? error.message : 'no error';
  }
}

describe('expressions', () => {
  test.each([
    ["s.lstrip('\\n') ~ '|'", '  ab\n|'],
    ["s.strip('\\n') ~ '|'", '  ab|'],
    ["s.rstrip('\\nb') ~ '|'", '  a|'],
    ['bom.strip()|length', '2'],
    ['bom|trim|length', '2'],
    ['[true, none, whole, "it\'s"]', '[True, None, 1.0, "it\'s"]'],
    ['dict', `{'a': 1, 'q': "it's"}`],
    ['(1,)', '(1,)'],
    ['yes ~ none', 'TrueNone'],
    ['[1, 2] == [1, 2]', 'True'],
    ["dict == {'q': \"it's\", 'a': 1.0}", 'True'],
    ['-7 % 3', '2'],
    ['7 // -2', '-4'],
    ['6 / 2', '3.0'],
    ['1 < 2 < 3', 'True'],
    ['2 ** 3 ** 2', '64'],
    ['1e20', '1e+20'],
    ['nope|length', '0'],
    ['nope|upper ~ nope|trim ~ nope', ''],
    ['nope|default("x") ~ none|default("y")', 'xNone'],
    ['dict.nope is defined', 'False'],
    ['emoji|length ~ emoji[1] ~ emoji[::-1]', '3😀b😀a'],
    ['dict|tojson', '{"a": 1, "q": "it\'s"}'],
    ["'é<'|tojson ~ 'é'|tojson(ensure_ascii=true)", '"é<""\\u00e9"'],
    ["list|tojson(separators=(',', ':'))", '[1,"a",null,true,1.0]'],
    ["messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|join", 'hi'],
    ["none|selectattr('x')|list", '[]'],
    ['messages[1].x is none', 'True'],
    ["'a</think>b'.split('</think>')[-1]", 'b'],
    ["'a b  c'.split(none, 1)", "['a', 'b  c']"],
    ["'%s-%d' % ('a', 3)", 'a-3'],
    ["'<' + ('<'|safe)", '&lt;<'],
    ['range(3)|list', '[0, 1, 2]'],
    ["'ab'.startswith(('x', 'a'))", 'True'],
  ])('%s', (expression, expected) => {
    expect(render(`{{ ${expression} }}`)).toBe(expected);
  });
});

describe('statements', () => {
  test.each([
    ['{% for x in nope %}a{% else %}b{% endfor %}', 'b'],
    ['{% for m in messages %}{{ loop.index }}{{ loop.last }}{% endfor %}', '1False2True'],
    ['{% for a, b in pairs %}{{ a }}{{ b }};{% endfor %}', '12;34;'],
    ['{% set x = 1 %}{% for m in messages %}{% set x = 2 %}{% endfor %}{{ x }}', '1'],
    ['{% set ns = namespace(x=none) %}{{ ns.x is none }}{% set ns.x = 2 %}{{ ns.x }}', 'True2'],
    ['{% macro m(a, b=2) %}[{{ a }}|{{ b }}]{% endmacro %}{{ m(none) }}{{ m(1, b=none) }}', '[None|2][1|None]'],
    ['{% macro m() %}<{{ caller(3) }}>{% endmacro %}{% call(n) m() %}{{ n }}{% endcall %}', '<3>'],
    ['{% set x %}a{{ 1 }}{% endset %}{{ x|upper }}', 'A1'],
    ['{% raw %}{{ x }}{% endraw %}', '{{ x }}'],
    ['{% generation %}{% set x = 2 %}a{% endgeneration %}{{ x }}', 'a'],
    ['  {% if yes %}\n  x\n  {% endif %}\ny', '  x\ny'],
    ['a\n  {%+ if yes %}x{% endif %}', 'a\n  x'],
    ['a\r\n{%- if yes %}\r\nb\r\n{% endif %}\r\n', 'ab\n'],
  ])('%j', (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

test.each([
  ["{{ 'a' + dict }}", 'can only concatenate str (not "dict") to str'],
  ["{{ 'a' + nope }}", "'nope' is undefined"],
  ["{{ 1 + 2 ~ 'x' }}", "unsupported operand type(s) for +: 'int' and 'str'"],
  ['{{ nope.x }}', "'nope' is undefined"],
  ['{{ none|length }}', "object of type 'NoneType' has no len()"],
  ['{% for x in none %}{% endfor %}', "'NoneType' object is not iterable"],
  ['{{ list.append(1) }}', "access to attribute 'append' of 'list' object is unsafe"],
  ['{{ 1|nofilter }}', 'no filter named "nofilter"'],
  ['{{ 1|xmlattr }}', 'the filter "xmlattr" is not supported in chat templates'],
  ['{% include "x" %}', 'line 1: the statement "include" is not supported in chat templates'],
  ['a\n{% if %}', 'line 2: unexpected "{%"'],
  ['{{ a b }}', 'line 1: expected variable end, found "b"'],
])('%s is an error as it is in Python, or says what is not known', (source, message) => {
  expect(problem(source)).toBe(message);
});

describe('work is bounded', () => {
  test.each([
    ['{% for i in range(1000000000000) %}{% endfor %}', /^Range too big/],
    [
      '{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}',
      /far more work/,
    ],
    [
      "{% set ns = namespace(x=['a']) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
      /far more work/,
    ],
    ["{{ 'a' * 1000000000000 }}", /repeats something to a length of 1000000000000/],
    [
      "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      /far more work|Invalid string length/,
    ],
    ['{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /maximum recursion depth/],
    [`{{ ${'('.repeat(10_000)}1${')'.repeat(10_000)} }}`, /nested too deeply/],
    [`${'{% if yes %}'.repeat(10_000)}${'{% endif %}'.repeat(10_000)}`, /nested deeper than/],
  ])('%.60s', (source, message) => {
    expect(problem(source)).toMatch(message);
  });
});

test('rendered text knows what it is made of, through every change of it', () => {
  const content = tracked({ path: 'content', text: '  Hi "there"\n' });
  const values = new Map<string, Value>([['content', content]]);
  const rendered = new ChatTemplate('<{{ content.strip()|upper }}>{{ content[2:4] }}{{ content|tojson }}').render(
    values,
  );
  const shown = spansOf(rendered).map(({ start, end, from, to }) => [plain(rendered).slice(start, end), from, to]);
  expect(plain(rendered)).toBe('<HI "THERE">Hi"  Hi \\"there\\"\\n"');
  expect(shown).toEqual([
    ['HI "THERE"', 2, 12],
    ['Hi', 2, 4],
    ['  Hi \\"there\\"\\n', 0, 13],
  ]);
});
