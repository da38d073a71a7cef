// What axe finds wrong in a page, as lines that a test can compare with none.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Serious and critical violations, a line each with the first places. */
export async function violations(page: Page): Promise<string[]> {
  // As a debugger does: the policy of the page keeps out what is added to the page itself.
  await page.evaluate<void>(AXE);
  const { violations: found } = await page.evaluate<AxeResults>('axe.run()');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => {
      const places = nodes.slice(0, 3).map(({ html, failureSummary = '' }) => `${html} ${failureSummary}`);
      return `${id}: ${places.join(' | ')}`;
    });
}
