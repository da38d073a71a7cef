// The pictures of pages in docs/: `npm run build && node scripts/screenshots.mjs RUNS_DIRECTORY`, of a finished sweeps/lr_grid.yaml and
// a finished configs/rl_basic.yaml in runs/lr_grid and runs/rl_basic below that directory.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch } from './browser.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const PROGRAM = join(ROOT, 'bin/run.js');
const HEIGHTS = { 1440: 1300, 390: 1500 };
const THEMES = ['light', 'dark'];

const picture = (name) => ({ path: join(ROOT, `docs/images/${name}.png`) });

/** Each width in each theme. */
async function inAllLooks(browser, take) {
  for (const [width, height] of Object.entries(HEIGHTS)) {
    for (const colorScheme of THEMES) {
      const page = await browser.newPage({ viewport: { width: Number(width), height }, colorScheme });
      await take(page, `${width}-${colorScheme}`, colorScheme);
      await page.close();
    }
  }
}

async function takeReport(browser, place, directory) {
  const file = join(directory, 'report.html');
  execFileSync(process.execPath, [PROGRAM, 'report', 'runs/lr_grid', '--html', file], { cwd: place, stdio: 'inherit' });
  await inAllLooks(browser, async (page, look, theme) => {
    await page.goto(pathToFileURL(file).href);
    await page.screenshot(picture(`report-${look}`));
    if (!look.startsWith('1440')) return;
    await page.locator('section:has(> .charts)').scrollIntoViewIfNeeded();
    const { y } = (await page.locator('.chart:not(.wide)').nth(1).boundingBox()) ?? { y: 0 };
    await page.evaluate((by) => window.scrollBy({ top: by, behavior: 'instant' }), y - 120);
    await page.screenshot(picture(`report-charts-${theme}`));
  });
}

async function takeBoard(browser, place) {
  const board = spawn(process.execPath, [PROGRAM, 'board', 'runs', '--port', '0'], { cwd: place });
  try {
    const said = await new Promise((done) => board.stdout.once('data', (text) => done(String(text))));
    const url = /http:\S+/.exec(said)?.[0] ?? '';
    await inAllLooks(browser, async (page, look) => {
      await page.goto(url);
      await page.locator('.canvas canvas').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      await page.screenshot(picture(`board-${look}`));
      await page.goto(`${url}/#run=${encodeURIComponent('runs/rl_basic')}`);
      await page.locator('.transcript summary').first().click();
      await page.getByRole('heading', { name: 'Transcripts' }).evaluate((head) => head.scrollIntoView());
      await page.screenshot(picture(`board-run-${look}`));
    });
  } finally {
    board.kill('SIGKILL');
  }
}

const [place = '.'] = process.argv.slice(2);
const temporary = mkdtempSync(join(tmpdir(), 'cookbook-screenshots-'));
const browser = await launch();
try {
  await takeReport(browser, place, temporary);
  await takeBoard(browser, place);
} finally {
  await browser.close();
  rmSync(temporary, { recursive: true, force: true });
}
