import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type LossDoc, lossDocs } from '../../../src/rl/losses/docs.ts';
import { LOSS_FN_NAMES } from '../../../src/rl/losses/table.ts';
import { pageText, ROOT } from '../../support/docs.ts';

const PAGE = 'docs/losses.md';

function table(rows: readonly LossDoc[]): string {
  const cells = rows.map(({ name, formula, settings, source, doc }) => [
    `\`${name}\``,
    formula.includes('public') ? formula : `\`${formula}\``,
    settings,
    source,
    doc,
  ]);
  const head = ['name', 'loss', 'settings', 'source', 'when to use'];
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

it('the tables of the page are those of the code (npx vitest run test/rl/losses -u writes them)', async () => {
  const kinds = ['service', 'custom'] as const;
  const written = kinds.reduce((page, kind) => {
    const rows = lossDocs().filter((row) => row.kind === kind);
    return page.replace(
      new RegExp(`(<!-- ${kind} -->\n).*?(<!-- end -->)`, 's'),
      (_, start, end) => `${start}\n${table(rows)}\n\n${end}`,
    );
  }, pageText(PAGE));
  await expect(written).toMatchFileSnapshot(join(ROOT, PAGE));
  for (const name of LOSS_FN_NAMES) expect(written).toContain(`| \`${name}\` |`);
});

it('no cell breaks its table', () => {
  for (const row of lossDocs()) expect(Object.values(row).join('')).not.toMatch(/[|\n]/);
});
