// Times `report --html` on 1,000 runs × 1,000 steps × 10 metrics, and how long a browser takes until the page can be used.
//
//   node --import jiti/register bench/report_page.ts [RUNS [STEPS]]
//
// Writes real run directories into a temporary directory (a sweep with four seeds a configuration). Without Chromium the page is
// not opened.

import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writePage } from '../src/report/page/write_page.ts';
import { temporaryDirectory } from '../test/report/run_directories.ts';
import { writeRuns } from './report_runs.ts';

const [runs = '1000', steps = '1000'] = process.argv.slice(2);
const [directory, remove] = temporaryDirectory();
try {
  writeRuns(join(directory, 'runs'), Number(runs), Number(steps));
  const file = join(directory, 'report.html');
  const start = performance.now();
  await writePage({ directories: ['runs'], cwd: directory }, file);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  console.log(`${runs} runs × ${steps} steps × 10 metrics: ${seconds} s, ${megabytes} MB`);
  // The browser's driver and the loader of TypeScript do not go together in one process.
  process.stdout.write(
    execFileSync(process.execPath, [join(import.meta.dirname, 'open_page.mjs'), file], { encoding: 'utf8' }),
  );
} finally {
  remove();
}
