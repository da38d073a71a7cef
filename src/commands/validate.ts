// cookbook validate: are these specs in order?

import { Args } from '@oclif/core';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import { BaseCommand } from './base.ts';

export default class Validate extends BaseCommand {
  static override summary =
    'Check run and sweep specs, and the first rows of their data, without running or writing anything.';
  static override examples = [
    '<%= config.bin %> validate configs/sl_basic.yaml',
    '<%= config.bin %> validate configs/*.yaml log_path=/tmp/run',
  ];
  static override strict = false;
  static override args = {
    file: Args.string({ required: true, description: 'YAML files, and key.path=value overrides for all of them.' }),
  };

  async run(): Promise<object> {
    const { argv } = await this.parse(Validate);
    const [
      { splitArguments },
      { validateFiles },
      { checkSweep },
      { checkData },
      { builtinRegistry },
      { createWeightsReader },
    ] = await Promise.all([
      import('../spec/arguments.ts'),
      import('../spec/validate.ts'),
      import('../sweep/check.ts'),
      import('../run/check_data.ts'),
      import('../builtin.ts'),
      import('../run_files/weights_reader.ts'),
    ]);
    const { files, overrides } = splitArguments(argv.map(String), process.cwd());
    if (files.length === 0) throw new ConfigurationError('name at least one file to validate');
    const options = { overrides, cwd: process.cwd(), env: process.env };
    const checks = { data: checkData, sweep: checkSweep };
    const { valid, diagnostics } = await validateFiles(files, options, builtinRegistry, checks, createWeightsReader());
    for (const { file, kind } of valid) this.log(`${file}: a valid ${kind} spec`);
    if (diagnostics.length > 0) throw new SpecError(diagnostics);
    return { files: valid };
  }
}
