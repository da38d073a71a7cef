// `cookbook help`: the same as --help, for those who type it as a word.

import { loadHelpClass } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Help extends BaseCommand {
  static override description = 'Show the commands, or what one of them takes.';
  static override enableJsonFlag = false;
  static override hidden = true;
  static override strict = false;

  async run(): Promise<void> {
    const { argv } = await this.parse(Help);
    const [name] = argv.map(String);
    const isThere = (id: string) =>
      this.config.findCommand(id) !== undefined || this.config.findTopic(id) !== undefined;
    if (name !== undefined && !isThere(name)) {
      const { unknownCommand } = await import('./usage.ts');
      throw unknownCommand(name, this.config);
    }
    const Page = await loadHelpClass(this.config);
    await new Page(this.config, this.config.pjson.helpOptions).showHelp(argv.map(String));
  }
}
