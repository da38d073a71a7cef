// The runs that reports are timed on: a sweep with four seeds a configuration.

import { type Line, writeRun, writeSweep } from '../test/report/run_directories.ts';

const SEEDS = 4;

export function writeRuns(directory: string, runs: number, steps: number): void {
  writeSweep(directory);
  for (let run = 0; run < runs; run++) {
    const axes = { learning_rate: 1e-5 * (1 + Math.floor(run / SEEDS)), lora_rank: 8 };
    writeRun(`${directory}/run-${String(run).padStart(4, '0')}`, {
      axes,
      seed: run % SEEDS,
      objective: { metric: 'test/nll', goal: 'minimize', at: 'last' },
      metrics: Array.from({ length: steps }, (_, step) => rowAt(run, step, steps)),
    });
  }
}

function rowAt(run: number, step: number, steps: number): Line {
  const noise = (n: number) => Math.abs(Math.sin(run * 7919 + step * 104729 + n)) / 10;
  const loss = 1 + 1.3 * Math.exp((-5 * step) / steps);
  return {
    step,
    train_mean_nll: loss + noise(1),
    learning_rate: 1e-3 * (1 - step / steps),
    num_sequences: 16,
    num_tokens: 4096 + (step % 97),
    num_loss_tokens: 3072 + (step % 89),
    progress: step / steps,
    'optim/grad_norm': 1 + noise(2),
    'time/total': 0.4 + noise(3),
    'test/nll': loss + 0.2 + noise(4),
    'test/bpb': (loss + 0.2 + noise(5)) / 2,
  };
}
