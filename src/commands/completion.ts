// `cookbook completion`: a script that lets a shell complete commands, flags, their choices and files.

import { Args } from '@oclif/core';
import { programName } from '../util/program_name.ts';
import { BaseCommand } from './base.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export default class Completion extends BaseCommand {
  static override summary = 'Print a script that completes commands and flags in your shell.';
  static override description = 'Add the line of your shell to the file that it starts from.';
  static override enableJsonFlag = false;
  static override hiddenAliases = ['autocomplete'];
  static override examples = [
    { description: 'In ~/.bashrc:', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'In ~/.zshrc:', command: 'source <(<%= config.bin %> completion zsh)' },
    { description: 'In ~/.config/fish/config.fish:', command: 'source (<%= config.bin %> completion fish | psub)' },
  ];
  static override args = { shell: Args.string({ required: true, options: [...SHELLS], description: 'Your shell.' }) };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const { completionScript } = await import('./completion_script.ts');
    const shell = SHELLS.find((known) => known === args.shell) ?? 'bash';
    this.log(completionScript(shell, this.config.bin, this.config.commands));
    if (programName() !== this.config.bin) {
      this.logToStderr(
        `This completes "${this.config.bin}", which a shell finds after "npm link" or a global install.`,
      );
    }
  }
}
