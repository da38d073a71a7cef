// cookbook schema: the JSON Schemas of run and sweep specs, for editors.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

const KINDS = ['run', 'sweep'] as const;

export default class Schema extends BaseCommand {
  static override summary = 'Print or write the JSON Schemas of specs, for completion and checks in editors.';
  static override examples = [
    '<%= config.bin %> schema run > run.schema.json',
    '<%= config.bin %> schema --write schemas',
  ];
  static override args = {
    kind: Args.string({ options: [...KINDS], description: 'Which of the two to print.' }),
  };
  static override flags = {
    write: Flags.string({
      helpValue: 'DIR',
      description: 'Write run.schema.json and sweep.schema.json there instead.',
    }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Schema);
    const { schemaCommand } = await import('../schema/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const kind = KINDS.find((known) => known === args.kind) ?? null;
    const { result, lines } = await schemaCommand({ kind, write: flags.write ?? null }, builtinRegistry());
    for (const line of lines) this.log(line);
    return result;
  }
}
