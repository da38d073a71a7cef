// Tables of losses on pages of documentation, as the code has them.

import type { LossDoc } from '../../src/tinker/loss_docs.ts';

/** The page with each table between `<!-- name -->` and `<!-- end -->` as its rows say. */
export function withLossTables(page: string, tables: Readonly<Record<string, readonly LossDoc[]>>): string {
  return Object.entries(tables).reduce((text, [name, rows]) => {
    const between = new RegExp(`(<!-- ${name} -->\n).*?(<!-- end -->)`, 's');
    if (!between.test(text)) throw new Error(`the page has no place for the table ${name}`);
    return text.replace(between, (_, start, end) => `${start}\n${tableOf(rows)}\n\n${end}`);
  }, page);
}

function tableOf(rows: readonly LossDoc[]): string {
  const cells = rows.map(({ name, formula, settings, source, doc }) => [
    `\`${name}\``,
    `\`${formula}\``,
    settings,
    source,
    doc,
  ]);
  for (const cell of cells.flat()) if (/[|\n]/.test(cell)) throw new Error(`a cell would break its table: ${cell}`);
  const head = ['name', 'loss', 'settings', 'source', 'when to use'];
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
