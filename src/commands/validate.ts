// cookbook validate: are these specs in order?

import { Args } from '@oclif/core';
import { SpecError } from '../util/errors.ts';
import { BaseCommand } from './base.ts';

export default class Validate extends BaseCommand {
  static override summary =
    'Check run and sweep specs, and the first rows of their data, without running or writing anything.';
  static override examples = [
    '<%= config.bin %> validate configs/sl_basic.yaml',
    '<%= config.bin %> validate configs/*.yaml log_path=/tmp/run',
  ];
  static override strict = false;
  static override usage = 'validate FILE… [KEY=VALUE…]';
  static override args = {
    file: Args.string({ required: true, description: 'A run or sweep spec; several may be given.' }),
    'key=value': Args.string({
      multiple: true,
      description: 'Fields to set in all of them, like learning_rate=3e-4 or dataset.batch_size=8.',
    }),
  };

  async run(): Promise<object> {
    const { argv } = await this.parse(Validate);
    const { validateCommand } = await import('../validate/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const options = { cwd: process.cwd(), env: process.env };
    const { valid, diagnostics } = await validateCommand(argv.map(String), builtinRegistry, options);
    for (const { file, kind } of valid) this.log(`${file}: a valid ${kind} spec`);
    if (diagnostics.length > 0) throw new SpecError(diagnostics);
    return { files: valid };
  }
}
