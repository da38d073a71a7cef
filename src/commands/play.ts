// cookbook play: be the policy in the environments of a run spec.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

const SPLITS = ['train', 'test'] as const;

export default class Play extends BaseCommand {
  static override summary = 'Be the policy: answer what an environment asks, and see the reward.';
  static override description =
    'Plays an episode in the environments of a run spec, without a model: what you type is encoded as the policy would have sampled it. An answer is all lines up to an empty one, or to the end of the input. The exit code is 3 if the input ended before the episode.';
  static override examples = [
    '<%= config.bin %> play configs/rl_basic.yaml',
    '<%= config.bin %> play configs/rl_basic.yaml --split test --group 3 --json',
    '<%= config.bin %> play configs/twenty_questions.yaml --stage rl',
  ];
  static override args = {
    file: Args.string({ required: true, description: 'A run spec with environments to train in.' }),
    'key=value': Args.string({
      multiple: true,
      description: 'Fields to set in it, like dataset.max_operand=9.',
    }),
  };
  static override flags = {
    split: Flags.option({ options: SPLITS, default: 'train' as const })({
      description: 'The environments to train in, or those held out.',
    }),
    group: Flags.integer({ default: 0, min: 0, description: 'Which group of them, from 0.' }),
    stage: Flags.string({
      description: 'Which stage, of a spec that has several; else the one with environments.',
    }),
    seed: Flags.integer({ min: 0, description: "In the place of the spec's." }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Play);
    const { playCommand } = await import('../play/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const result = await playCommand(
      {
        file: args.file,
        overrides: args['key=value'] ?? [],
        cwd: process.cwd(),
        env: process.env,
        split: flags.split,
        group: flags.group,
        seed: flags.seed ?? null,
        stage: flags.stage ?? null,
        streams: {
          input: process.stdin,
          output: this.jsonEnabled() ? process.stderr : process.stdout,
          prose: process.stderr,
          interactive: process.stdin.isTTY && process.stderr.isTTY,
        },
      },
      builtinRegistry(),
    );
    if (result.state === 'left') process.exitCode = 3;
    return result;
  }
}
