// `cookbook eval compare`: whether one model does better than another on the same examples, and where they differ.

import { Args, Flags } from '@oclif/core';
import { printableScreen } from '../../util/printable.ts';
import { widthOf } from '../../util/wrapped.ts';
import { BaseCommand } from '../base.ts';

export default class EvalCompare extends BaseCommand {
  static override summary = 'Hold two evaluations against each other, example by example.';
  static override description =
    'Takes the results of two evaluations with the same benchmark: the difference, its interval, whether chance alone explains it, and the examples that flipped, both ways.';
  static override args = {
    a: Args.string({ required: true, description: 'Results of one model: evals/MODEL, or evals/MODEL/BENCHMARK.' }),
    b: Args.string({ required: true, description: 'Results of the other.' }),
  };
  static override flags = {
    benchmark: Flags.string({ char: 'b', description: 'Only this benchmark; else all that both have.' }),
    seed: Flags.integer({ default: 0, min: 0, description: 'Decides what the bootstrap draws.' }),
    all: Flags.boolean({ description: 'Show all examples that flipped.' }),
  };
  static override examples = ['<%= config.bin %> eval compare evals/before evals/after'];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(EvalCompare);
    const { compareEvaluations } = await import('../../eval/compare.ts');
    const { compareScreen } = await import('../../eval/compare_screen.ts');
    const { colorsFor } = await import('../../util/colors.ts');
    const benchmarks = await compareEvaluations({ ...args, benchmark: flags.benchmark ?? null, seed: flags.seed });
    const most = flags.all ? Number.POSITIVE_INFINITY : 5;
    const shown = { most, colors: colorsFor(process.stdout), width: widthOf(process.stdout) };
    for (const line of compareScreen(benchmarks, shown)) this.log(printableScreen(line));
    return { benchmarks };
  }
}
