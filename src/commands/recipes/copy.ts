// `cookbook recipes copy`: a config or a sweep that ships as a file of one's own, with all that it refers to.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';

export default class RecipesCopy extends BaseCommand {
  static override summary = 'Copy a recipe with all that it refers to: specs, data, plugins.';
  static override description =
    'Paths in the copy are those of its new place. A file that lies there and is another one is replaced only after a question.';
  static override args = {
    name: Args.string({ required: true, description: 'Its name; "recipes" lists them.' }),
    directory: Args.string({ required: true, description: 'Where to copy it to.' }),
  };
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'Replace what lies there without a question.' }),
  };
  static override examples = ['<%= config.bin %> recipes copy sl_basic my/'];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(RecipesCopy);
    const { copyRecipe } = await import('../../shelf/copy.ts');
    const { confirmOnTerminal } = await import('../../run/ask.ts');
    const { programName } = await import('../../util/program_name.ts');
    const { plural } = await import('../../util/plural.ts');
    const copied = await copyRecipe(args.name, {
      to: args.directory,
      cwd: process.cwd(),
      yes: flags.yes,
      confirm: this.jsonEnabled() ? null : confirmOnTerminal(process.stdin, process.stderr),
    });
    if (copied === null) {
      this.logToStderr('nothing was copied');
      return { specs: [], written: [], unchanged: [], commands: [] };
    }
    const { specs, written, unchanged, commands } = copied;
    for (const spec of specs) this.log(spec);
    const already = unchanged.length === 0 ? '' : `, ${unchanged.length} were there already`;
    this.logToStderr(`${plural(written.length, 'file')} copied${already}`);
    for (const command of commands) this.logToStderr(`  ${command.replace(/^cookbook /, `${programName()} `)}`);
    return copied;
  }
}
