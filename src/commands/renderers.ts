// cookbook renderers: how models are spoken to, and which renderers suit a model.

import { Flags } from '@oclif/core';
import { printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Renderers extends BaseCommand {
  static override summary = 'List the renderers: stop sequences, tools, reasoning, and the models that they are for.';
  static override description =
    'With --model, those that fit it and the one that is recommended: by the tokens of its tokenizer, or by its name where that is known.';
  static override examples = [
    '<%= config.bin %> renderers',
    '<%= config.bin %> renderers --model Qwen/Qwen3-8B',
    '<%= config.bin %> renderers --model example_data/models/tiny --json',
  ];
  static override flags = {
    model: Flags.string({
      helpValue: 'DIR|NAME',
      description: 'Those that fit this model: a directory, a GGUF file, or a name on the hub.',
    }),
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(Renderers);
    const { renderersCommand } = await import('../renderers/command.ts');
    const { result, text } = await renderersCommand({
      model: flags.model ?? null,
      width: process.stdout.columns ?? 80,
      notify: (message) => this.logToStderr(printableText(message)),
    });
    this.log(text);
    return result;
  }
}
