// A small sweep as the runner leaves it: rates, ranks and seeds, one configuration of which diverged.

import { join } from 'node:path';
import { type Line, writeRun, writeSweep } from '../run_directories.ts';

const STEPS = 250;

/** Curves long enough to be thinned out. */
export function writeGrid(directory: string): string {
  const sweep = writeSweep(directory);
  let nth = 0;
  for (const learning_rate of [0.001, 0.01, 0.1]) {
    for (const lora_rank of [4, 8, 16]) {
      for (const seed of [0, 1]) {
        const diverged = learning_rate === 0.1 && lora_rank === 16;
        writeRun(join(sweep, `lr=${learning_rate},rank=${lora_rank},seed=${seed}`), {
          seed,
          ran: [minute(nth), minute(nth + 2 + seed)],
          axes: { learning_rate, lora_rank },
          state: diverged ? 'diverged' : 'done',
          objective: { metric: 'test/nll', goal: 'minimize', at: 'last' },
          headline: [{ metric: 'test/nll', goal: 'minimize', label: 'loss' }],
          metrics: lines(learning_rate, lora_rank, seed, diverged ? 100 : STEPS),
        });
        nth++;
      }
    }
  }
  return sweep;
}

/** Two runs at once, and now and then three. */
const minute = (nth: number) => new Date(Date.UTC(2026, 0, 2, 3, nth)).toISOString();

function lines(rate: number, rank: number, seed: number, steps: number): Line[] {
  const end = rate === 0.1 ? 6 : 0.01 / rate / rank / 10 + 0.01 * (seed + 1);
  return Array.from({ length: steps }, (_, step) => {
    const loss = end + 8 * Math.exp(-step / (30 + seed));
    return { step, train_mean_nll: step === 17 ? 'NaN' : loss, 'cost/total': step * rank, 'test/nll': loss + 0.01 };
  });
}
