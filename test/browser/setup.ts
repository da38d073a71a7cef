// Before the suite: where there is no browser, that is said aloud, and every test is skipped.

import { whyNoBrowser } from '../../scripts/browser.mjs';

export default function setup(): void {
  if (whyNoBrowser !== null) process.stderr.write(`browser: EVERYTHING IS SKIPPED: ${whyNoBrowser}\n`);
}
