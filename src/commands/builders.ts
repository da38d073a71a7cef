// `cookbook builders`: what a spec can name, and what each of them takes.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Builders extends BaseCommand {
  static override summary = 'List the registered builders, or the parameters of one.';
  static override examples = [
    '<%= config.bin %> builders',
    '<%= config.bin %> builders supervised',
    '<%= config.bin %> builders --spec my_spec.yaml',
  ];
  static override args = { name: Args.string({ description: 'Show the parameters of this builder.' }) };
  static override flags = {
    slot: Flags.string({ description: 'Only those that fit in this place of a spec.' }),
    spec: Flags.string({ helpValue: 'FILE', description: 'Those of the plugins of this run or sweep spec too.' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Builders);
    const [{ catalog, formatCatalog, formatEntry }, { builtinRegistry }] = await Promise.all([
      import('../spec/catalog.ts'),
      import('../builtin.ts'),
    ]);
    const registry = builtinRegistry();
    if (flags.spec !== undefined) {
      const [{ loadDocument }, { loadPlugins }] = await Promise.all([
        import('../spec/load.ts'),
        import('../spec/plugins.ts'),
      ]);
      const options = { overrides: [], cwd: process.cwd(), env: process.env };
      await loadPlugins(await loadDocument(flags.spec, options), registry);
    }
    const builders = catalog(registry, { slot: flags.slot, name: args.name });
    const width = process.stdout.columns ?? Number.POSITIVE_INFINITY;
    const text = builders.map((builder) => formatEntry(builder, width)).join('\n\n');
    this.log(args.name === undefined ? formatCatalog(builders, width) : text);
    return { builders };
  }
}
