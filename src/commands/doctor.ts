// cookbook doctor: whether sampler and trainer agree, and whether a renderer suits its model.

import { Args, Flags } from '@oclif/core';
import { printableText } from '../util/printable.ts';
import { widthOf } from '../util/wrapped.ts';
import { BaseCommand } from './base.ts';
import { checkpointFlag, notNegative, pluginFlag, quietFlag, WEIGHTS } from './flags.ts';

export default class Doctor extends BaseCommand {
  static override summary = 'Check that sampler and trainer agree about a model, and that a renderer suits it.';
  static override description =
    'Samples some texts, scores the same tokens with the trainer and with the sampler, and shows how far they are apart by depth. Trains one step on a copy of the weights to see whether the sampler follows; nothing is saved. Holds the renderer against the chat template of the model and against replies of its own. On a hosted service this costs tokens. The exit code is 1 where something is wrong.';
  static override examples = [
    '<%= config.bin %> doctor example_data/models/tiny',
    '<%= config.bin %> doctor runs/rl_basic --depth 256',
    '<%= config.bin %> doctor ORG/NAME --service http://127.0.0.1:8000 --depth 32768 --num-samples 8 --json',
    '<%= config.bin %> doctor example_data/models/tiny --renderer llama3',
  ];
  static override args = {
    target: Args.string({
      required: true,
      description: WEIGHTS,
    }),
  };
  static override flags = {
    checkpoint: checkpointFlag,
    service: Flags.string({
      description:
        'Address of a server, or {builder: NAME, …}; else the service of the run, or the engine of this package.',
    }),
    renderer: Flags.string({
      description: 'Name of a renderer; else the one that the weights were trained with, or that suits the model.',
    }),
    plugin: pluginFlag,
    'num-samples': Flags.integer({ default: 8, min: 1, description: 'Texts to sample.' }),
    depth: Flags.integer({
      default: 512,
      min: 2,
      description: 'Length of each text; less where the model reads less.',
    }),
    turns: Flags.integer({ default: 4, min: 1, description: 'Requests that each text is sampled in.' }),
    'max-kl': Flags.string({ default: '0.01', description: 'Divergence that is no fault, in nats a token.' }),
    seed: Flags.integer({ default: 0, min: 0, description: 'The same seed gives the same texts.' }),
    quiet: quietFlag,
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Doctor);
    const { doctorCommand } = await import('../doctor/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const { stoppable } = await import('../run/stoppable.ts');
    const quiet = flags.quiet || this.jsonEnabled();
    return await stoppable('stopped before all was looked at', async (signal) => {
      const options = {
        target: args.target,
        checkpoint: flags.checkpoint ?? null,
        service: flags.service ?? null,
        renderer: flags.renderer ?? null,
        plugins: flags.plugin ?? [],
        num_samples: flags['num-samples'],
        depth: flags.depth,
        turns: flags.turns,
        max_kl: notNegative('--max-kl', flags['max-kl']),
        seed: flags.seed,
        width: widthOf(process.stdout),
        signal,
        notify: (message: string) => {
          if (!quiet) this.logToStderr(printableText(message));
        },
      };
      const { report, lines } = await doctorCommand(options, builtinRegistry());
      this.log(lines.join('\n'));
      if (!report.sound) process.exitCode = 1;
      return report;
    });
  }
}
