// cookbook eval: how well a run or a model answers the examples of a benchmark.

import { Args, Flags } from '@oclif/core';
import { printableScreen, printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';
import { benchmarkFieldFlag, checkpointFlag, notNegative, pluginFlag, quietFlag, WEIGHTS } from './flags.ts';

export default class Eval extends BaseCommand {
  static override summary = 'Measure a run or a model with a benchmark.';
  static override description =
    'Every answer is on disk as soon as it is there. The same command again goes on where it was stopped, and asks again where an answer failed.';
  static override examples = [
    '<%= config.bin %> eval runs/sl_basic --benchmark arithmetic',
    '<%= config.bin %> eval ORG/NAME --benchmark gsm8k --set file_path=data/gsm8k/test.jsonl --limit 100',
    '<%= config.bin %> eval --base-url http://127.0.0.1:8000/oai/api/v1 --model tiny --benchmark arithmetic',
    '<%= config.bin %> eval runs/math --checkpoint best --benchmark math500 --set file_path=math500.jsonl --num-samples 8',
  ];
  static override args = {
    target: Args.string({
      description: WEIGHTS,
    }),
  };
  static override flags = {
    benchmark: Flags.string({
      char: 'b',
      required: true,
      description: 'Its name; "builders --slot benchmark" lists them.',
    }),
    set: benchmarkFieldFlag,
    plugin: pluginFlag,
    'base-url': Flags.string({
      helpValue: 'URL',
      description: 'In the place of TARGET: address of a service of OpenAI’s API, such as https://api.openai.com/v1.',
    }),
    model: Flags.string({ helpValue: 'NAME', description: 'The model to ask at --base-url.' }),
    'key-env': Flags.string({
      helpValue: 'VARIABLE',
      description: 'Variable of the environment that holds its key; else OPENAI_API_KEY, where that is set.',
    }),
    service: Flags.string({
      helpValue: 'SERVICE',
      description: 'Who samples TARGET, as in a spec: tinker, or {builder: tinker, base_url: URL}.',
    }),
    checkpoint: checkpointFlag,
    'num-samples': Flags.integer({ default: 1, min: 1, description: 'Answers to each example, for pass@k.' }),
    'max-tokens': Flags.integer({ default: 1024, min: 1, description: 'Longest answer.' }),
    temperature: Flags.string({ default: '0.6', description: '0 = greedy.' }),
    seed: Flags.integer({ default: 0, min: 0, description: 'The same seed gives the same answers.' }),
    limit: Flags.integer({ min: 1, description: 'Examples to ask, from the first.' }),
    concurrency: Flags.integer({ default: 64, min: 1, description: 'Answers that are sampled at the same time.' }),
    timeout: Flags.integer({ default: 1800, min: 1, description: 'Seconds after which an answer has failed.' }),
    'save-dir': Flags.string({
      description: 'Where results lie; else in evals/, in a directory for this model with these settings.',
    }),
    quiet: quietFlag,
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Eval);
    const { evalCommand } = await import('../eval/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const quiet = flags.quiet || this.jsonEnabled();
    const options = {
      target: args.target ?? null,
      checkpoint: flags.checkpoint ?? null,
      service: flags.service ?? null,
      baseUrl: flags['base-url'] ?? null,
      model: flags.model ?? null,
      keyEnv: flags['key-env'] ?? null,
      benchmark: flags.benchmark,
      assignments: flags.set ?? [],
      plugins: flags.plugin ?? [],
      sampling: {
        max_tokens: flags['max-tokens'],
        temperature: notNegative('--temperature', flags.temperature),
        seed: flags.seed,
        num_samples: flags['num-samples'],
        concurrency: flags.concurrency,
        timeout_seconds: flags.timeout,
      },
      limit: flags.limit ?? null,
      saveDir: flags['save-dir'] ?? null,
      argv: ['eval', ...this.argv],
      progress: quiet ? null : process.stderr,
      notify: (message: string) => {
        if (!quiet) this.logToStderr(printableText(message));
      },
    };
    const { result, screen, exitCode } = await evalCommand(options, builtinRegistry());
    for (const line of screen) this.log(printableScreen(line));
    process.exitCode = exitCode;
    return result;
  }
}
