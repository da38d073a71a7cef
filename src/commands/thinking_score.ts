// cookbook thinking-score: by how much answers hang on the steps before them.

import { Args, Flags } from '@oclif/core';
import { printableText } from '../util/printable.ts';
import { widthOf } from '../util/wrapped.ts';
import { BaseCommand } from './base.ts';
import { benchmarkFieldFlag, checkpointFlag, pluginFlag, quietFlag, WEIGHTS } from './flags.ts';

export default class ThinkingScore extends BaseCommand {
  static override summary = 'Measure by how much the answers of a model hang on each step of its thoughts.';
  static override description =
    'The model thinks about each problem of a benchmark, greedily. Behind each step its answer is asked for, with the step and what stands before it as they are and with other numbers in them: how far the probability of the right answer moves is the true-thinking score of the step, from 0 (decoration) to 1. Writes tts_per_problem.jsonl and tts_summary.json.';
  static override examples = [
    '<%= config.bin %> thinking-score runs/step_sums --benchmark step_sums --answer-cue "Answer: " --min-step-chars 10',
    '<%= config.bin %> thinking-score ORG/NAME --benchmark math --set file_path=math500.jsonl --limit 50 --max-tokens 4096 --kind "doubt=^(Wait|But)"',
  ];
  static override args = {
    target: Args.string({
      required: true,
      description: WEIGHTS,
    }),
  };
  static override flags = {
    benchmark: Flags.string({
      char: 'b',
      required: true,
      description: 'Problems with one expected answer each; "builders --slot benchmark" lists them.',
    }),
    set: benchmarkFieldFlag,
    plugin: pluginFlag,
    checkpoint: checkpointFlag,
    limit: Flags.integer({ default: 50, min: 1, description: 'Problems, from the first.' }),
    'max-tokens': Flags.integer({ default: 4096, min: 1, description: 'Longest reply.' }),
    'answer-cue': Flags.string({
      description: 'What the answer stands behind; else the end of the reasoning and "The final answer is \\boxed{".',
    }),
    'min-step-chars': Flags.integer({
      default: 20,
      min: 1,
      description: 'A shorter step goes with the one before it.',
    }),
    kind: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME=REGEX',
      description: 'Steps to sum up by themselves; may be given several times.',
    }),
    concurrency: Flags.integer({ default: 64, min: 1, description: 'Problems that are worked on at the same time.' }),
    seed: Flags.integer({ default: 0, min: 0, description: 'Decides the numbers that are put in.' }),
    'save-dir': Flags.string({ description: 'Where results lie; else in evals/, in a directory for this model.' }),
    quiet: quietFlag,
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(ThinkingScore);
    const { thinkingScoreCommand } = await import('../thinking_score/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const { stoppable } = await import('../run/stoppable.ts');
    const quiet = flags.quiet || this.jsonEnabled();
    return await stoppable('stopped before all problems were thought about: nothing was kept', async (signal) => {
      const options = {
        target: args.target,
        checkpoint: flags.checkpoint ?? null,
        benchmark: flags.benchmark,
        assignments: flags.set ?? [],
        plugins: flags.plugin ?? [],
        limit: flags.limit,
        max_tokens: flags['max-tokens'],
        answer_cue: flags['answer-cue'] ?? null,
        min_step_chars: flags['min-step-chars'],
        kinds: flags.kind ?? [],
        concurrency: flags.concurrency,
        seed: flags.seed,
        saveDir: flags['save-dir'] ?? null,
        width: widthOf(process.stdout),
        signal,
        notify: (message: string) => {
          if (!quiet) this.logToStderr(printableText(message));
        },
      };
      const { summary, directory, lines } = await thinkingScoreCommand(options, builtinRegistry());
      for (const line of lines) this.log(line);
      return { ...summary, directory };
    });
  }
}
