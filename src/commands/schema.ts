// cookbook schema: the JSON Schemas of run and sweep specs, for editors.

import { Args, Flags } from '@oclif/core';
import { ConfigurationError } from '../util/errors.ts';
import { BaseCommand } from './base.ts';

export default class Schema extends BaseCommand {
  static override summary = 'Print or write the JSON Schemas of specs, for completion and checks in editors.';
  static override examples = [
    '<%= config.bin %> schema run > run.schema.json',
    '<%= config.bin %> schema --write schemas',
  ];
  static override args = {
    kind: Args.string({ options: ['run', 'sweep'], description: 'Which of the two to print.' }),
  };
  static override flags = {
    write: Flags.string({
      helpValue: 'DIR',
      description: 'Write run.schema.json and sweep.schema.json there instead.',
    }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Schema);
    const [{ runSchema }, { sweepSchema }, { schemaText, writeSchemas }, { builtinRegistry }] = await Promise.all([
      import('../spec/schema.ts'),
      import('../sweep/check.ts'),
      import('../spec/schema_files.ts'),
      import('../builtin.ts'),
    ]);
    const registry = builtinRegistry();
    if (flags.write !== undefined) {
      const schemas = { run: runSchema(registry), sweep: sweepSchema(registry) };
      const files = await writeSchemas(flags.write, schemas);
      for (const file of files) this.log(file);
      return { files };
    }
    if (args.kind === undefined)
      throw new ConfigurationError('say which schema, run or sweep, or --write DIR for both');
    const schema = args.kind === 'run' ? runSchema(registry) : sweepSchema(registry);
    this.log(schemaText(schema).trimEnd());
    return schema;
  }
}
