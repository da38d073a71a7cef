// Seconds until the plan of a sweep of 100,000 points stands and its counts are printed: `npx jiti bench/plan.ts`.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COOKBOOK = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const ROUNDS = 5;

const list = (length: number, value: (i: number) => number) =>
  `[${Array.from({ length }, (_, i) => value(i)).join(', ')}]`;

const sweep = (directory: string) => `
base: ${fileURLToPath(new URL('../configs/sl_basic.yaml', import.meta.url))}
log_path: ${join(directory, 'runs')}
grid:
  learning_rate: ${list(100, (i) => (i + 1) * 1e-5)}
  lora_rank: ${list(50, (i) => i + 1)}
  dataset.batch_size: ${list(20, (i) => i + 1)}
`;

const directory = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
try {
  const file = join(directory, 'sweep.yaml');
  writeFileSync(file, sweep(directory));
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    const { stdout, status, stderr } = spawnSync(process.execPath, [COOKBOOK, 'plan', file], { encoding: 'utf8' });
    const seconds = (performance.now() - start) / 1000;
    if (status !== 0) throw new Error(stderr);
    return { seconds, counts: stdout.split('\n').slice(0, 3).join('\n') };
  });
  console.log(rounds[0]?.counts);
  const seconds = rounds.map((round) => round.seconds).sort((a, b) => a - b);
  console.log(`\n${seconds.map((s) => s.toFixed(2)).join('  ')} s, process start included`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
