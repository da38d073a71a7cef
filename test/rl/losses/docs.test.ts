import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lossDocs } from '../../../src/rl/losses/docs.ts';
import { LOSS_FN_NAMES } from '../../../src/rl/losses/table.ts';
import { pageText, ROOT } from '../../support/docs.ts';
import { withLossTables } from '../../support/loss_tables.ts';

const PAGE = 'docs/losses.md';

it('the tables of the page are those of the code (npx vitest run test/rl/losses -u writes them)', async () => {
  const written = withLossTables(pageText(PAGE), lossDocs());
  await expect(written).toMatchFileSnapshot(join(ROOT, PAGE));
  for (const name of LOSS_FN_NAMES) expect(written).toContain(`| \`${name}\` |`);
});
