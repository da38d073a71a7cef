// How long a browser takes to open a file until its table of runs can be used: a process of its own, for report_page.ts.

import { pathToFileURL } from 'node:url';
import { launch, whyNoBrowser } from '../scripts/browser.mjs';

const [file = ''] = process.argv.slice(2);
if (whyNoBrowser === null) {
  const browser = await launch();
  const page = await browser.newPage();
  const begin = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.locator('.runs tbody tr').first().waitFor();
  console.log(`opened, with its table of runs, in ${(performance.now() - begin).toFixed(0)} ms`);
  await browser.close();
} else {
  console.log(`not opened: ${whyNoBrowser}`);
}
