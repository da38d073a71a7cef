import { describe, expect, it } from 'vitest';
import { type Block, toMarkdown, toText } from '../../src/report/document.ts';

const blocks: Block[] = [
  { heading: 'runs/a*b' },
  {
    table: {
      columns: [
        { name: 'name', align: 'left' },
        { name: 'n', align: 'right' },
      ],
      rows: [
        ['学習', '1'],
        ['a|b <c>', '1234'],
      ],
    },
  },
  { lines: ['one `line`', 'another'] },
];

describe('a document', () => {
  it('as text has aligned columns, wide characters counted as two', () => {
    expect(toText(blocks)).toMatchInlineSnapshot(`
      "runs/a*b

      name        n
      ───────  ────
      学習        1
      a|b <c>  1234

      one \`line\`
      another"
    `);
  });

  it('may be as long as the answer to a question is', () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => [String(i)]);
    const text = toText([{ table: { columns: [{ name: 'n', align: 'right' }], rows } }]);
    expect(text.split('\n').at(2)).toBe('     0');
  });

  it('as Markdown has a table whose cells cannot break out of it', () => {
    expect(toMarkdown(blocks)).toMatchInlineSnapshot(`
      "### runs/a\\*b

      | name | n |
      | --- | ---: |
      | 学習 | 1 |
      | a\\|b \\<c\\> | 1234 |

      - one \\\`line\\\`
      - another"
    `);
  });
});
