// `cookbook version`: the same as --version, for those who type it as a word.

import { BaseCommand } from './base.ts';

export default class Version extends BaseCommand {
  static override description = 'Show the version.';
  static override hidden = true;

  async run(): Promise<object> {
    await this.parse(Version);
    this.log(this.config.userAgent);
    return { version: this.config.version };
  }
}
