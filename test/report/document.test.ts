import { describe, expect, it } from 'vitest';
import { type Block, toMarkdown, toText } from '../../src/report/document.ts';
import { displayWidth } from '../../src/util/display_width.ts';

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

  it('has commands that can be copied: never broken over lines', () => {
    const command = `cookbook sweep ${'far/'.repeat(9)}grid.yaml max_steps=3`;
    const next: Block[] = [{ commands: [{ what: 'run what is missing', command }] }];
    expect(toText(next, 93)).toBe(`run what is missing: ${command}`);
    expect(toText(next, 92)).toBe(`run what is missing:\n  ${command}`);
    expect(toText(next, 20)).toBe(`run what is missing:\n  ${command}`);
    expect(toMarkdown(next)).toBe(`- run what is missing: ${command.replaceAll('_', '\\_')}`);
  });

  it('as text fits a terminal: the widest columns of text are broken, at the joints of names and paths', () => {
    const run = 'runs/lr_grid/learning_rate=0.003,lora_rank=16,seed=0-0123456789ab';
    const table = {
      columns: ['run', 'problem', 'steps', 'error'].map((name) => ({
        name,
        align: name === 'steps' ? ('right' as const) : ('left' as const),
      })),
      rows: [
        [run, 'failed', '12', 'data.jsonl:3: there are no messages in it, 学習学習学習学習'],
        ['runs/a', 'killed', '3', ''],
      ],
    };
    const text = toText([{ heading: 'runs/lr_grid: 24 runs (21 done, 3 failed)' }, { table }], 60);
    expect(text).toMatchInlineSnapshot(`
      "runs/lr_grid: 24 runs (21 done, 3 failed)

      run                    problem  steps  error
      ─────────────────────  ───────  ─────  ─────────────────────
      runs/lr_grid/          failed      12  data.jsonl:3: there
      learning_rate=0.003,                   are no messages in
      lora_rank=16,seed=0-                   it, 学習学習学習学習
      0123456789ab
      runs/a                 killed       3"
    `);
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(60);
  });

  it('as text does without its spare columns before it breaks a name, and without all of them at once', () => {
    const table = {
      columns: [
        { name: 'metric', align: 'left' as const },
        { name: 'last', align: 'right' as const },
        { name: 'least', align: 'right' as const, isSpare: true },
        { name: 'greatest', align: 'right' as const, isSpare: true },
      ],
      rows: [['test/env/all/reward/total', '0.5', '0.25', '0.75']],
    };
    const header = (width: number) => toText([{ table }], width).split('\n')[0];
    const whole = 'metric                     last  least  greatest';
    expect(header(whole.length)).toBe(whole);
    expect(header(whole.length - 1)).toBe('metric                     last');
    expect(toText([{ table }], 24)).toMatchInlineSnapshot(`
      "metric              last
      ──────────────────  ────
      test/env/all/        0.5
      reward/total"
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
