// cookbook builders: what a spec can name, and what each of them takes.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Builders extends BaseCommand {
  static override summary = 'List the registered builders, or the parameters of one.';
  static override examples = ['<%= config.bin %> builders', '<%= config.bin %> builders supervised'];
  static override args = { name: Args.string({ description: 'Show the parameters of this builder.' }) };
  static override flags = { slot: Flags.string({ description: 'Only those that fit in this place of a spec.' }) };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Builders);
    const [{ catalog, formatCatalog, formatEntry }, { builtinRegistry }] = await Promise.all([
      import('../spec/catalog.ts'),
      import('../builtin.ts'),
    ]);
    const builders = catalog(builtinRegistry(), { slot: flags.slot, name: args.name });
    this.log(args.name === undefined ? formatCatalog(builders) : builders.map(formatEntry).join('\n\n'));
    return { builders };
  }
}
