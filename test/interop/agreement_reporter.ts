// Prints the largest difference of every check after the suite, as the table that docs/exactness.md shows.

import type { Reporter, TestModule } from 'vitest/node';
import type { Comparison } from './agreement.ts';

export default class AgreementReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const largest = new Map<string, Comparison>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        for (const comparison of test.meta().comparisons ?? []) {
          const known = largest.get(comparison.check);
          if (known === undefined || comparison.difference > known.difference)
            largest.set(comparison.check, comparison);
        }
      }
    }
    if (largest.size === 0) return;
    const checks = [...largest.values()].sort((a, b) => (a.check < b.check ? -1 : 1));
    const rows = checks.map(
      ({ check, difference, bound }) => `| ${check} | ${bound} | ${difference.toExponential(1)} |\n`,
    );
    process.stdout.write(`\n| largest relative difference of | bound | measured |\n|---|---|---|\n${rows.join('')}\n`);
  }
}
