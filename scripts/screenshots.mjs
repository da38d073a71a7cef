// The pictures of the report in docs/: `npm run build && node scripts/screenshots.mjs RUNS_DIRECTORY`, of a finished
// sweeps/lr_grid.yaml in runs/lr_grid below that directory.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch } from './browser.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const HEIGHTS = { 1440: 1300, 390: 1500 };

const [place = '.'] = process.argv.slice(2);
const temporary = mkdtempSync(join(tmpdir(), 'cookbook-screenshots-'));
try {
  const file = join(temporary, 'report.html');
  const command = [join(ROOT, 'bin/run.js'), 'report', 'runs/lr_grid', '--html', file];
  execFileSync(process.execPath, command, { cwd: place, stdio: 'inherit' });
  const browser = await launch();
  for (const [width, height] of Object.entries(HEIGHTS)) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({ viewport: { width: Number(width), height }, colorScheme });
      await page.goto(pathToFileURL(file).href);
      await page.screenshot({ path: join(ROOT, `docs/images/report-${width}-${colorScheme}.png`) });
      if (width === '1440') {
        await page.locator('section:has(> .charts)').scrollIntoViewIfNeeded();
        const charts = page.locator('.chart:not(.wide)').nth(1);
        const { y } = (await charts.boundingBox()) ?? { y: 0 };
        await page.evaluate((by) => window.scrollBy({ top: by, behavior: 'instant' }), y - 120);
        await page.screenshot({ path: join(ROOT, `docs/images/report-charts-${colorScheme}.png`) });
      }
      await page.close();
    }
  }
  await browser.close();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
