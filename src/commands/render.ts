// cookbook render: what the loss sees of a data file.

import { Args, Flags } from '@oclif/core';
import { TRAIN_ON_WHAT } from '../renderers/types.ts';
import { DATA_FORMATS } from '../supervised/data/options.ts';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import { BaseCommand } from './base.ts';

export default class Render extends BaseCommand {
  static override summary =
    'Show the conversations of a data file as the loss sees them: token by token, with what is trained.';
  static override description =
    'Takes what the dataset conversation_file takes. With --json, one object a row: {"tokens", "weights", "text"} or {"error"}. The exit code is 1 if a row could not be rendered.';
  static override examples = [
    '<%= config.bin %> render example_data/conversations.jsonl --model example_data/models/tiny --limit 3',
    '<%= config.bin %> render data.parquet --model ORG/NAME --columns prompt=question --columns completion=answer',
    '<%= config.bin %> render data.jsonl --model model.gguf --train-on-what all_tokens --json',
  ];
  static override args = {
    data: Args.string({ required: true, description: 'JSON Lines, a JSON array, either of them gzipped, or Parquet.' }),
  };
  static override flags = {
    model: Flags.string({
      required: true,
      description: 'Model directory, GGUF file, or a name on the hub. Only its tokenizer is needed.',
    }),
    renderer: Flags.string({ description: 'Name of a renderer; the one that suits the model best if not given.' }),
    'train-on-what': Flags.option({ options: TRAIN_ON_WHAT, default: 'all_assistant_messages' as const })({
      description: 'Which messages carry loss.',
    }),
    format: Flags.option({ options: DATA_FORMATS, default: 'auto' as const })({
      description: 'What the rows are; auto: as the first row shows.',
    }),
    plugin: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
      description: 'A plugin with renderers of its own; may be given several times.',
    }),
    columns: Flags.string({
      multiple: true,
      helpValue: 'NAME=COLUMN',
      description: 'A column that goes by another name in the file; may be given several times.',
    }),
    limit: Flags.integer({ min: 1, description: 'Rows to show, from the first.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Render);
    const { renderCommand } = await import('../render/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const { failed } = await renderCommand(
      {
        file: args.data,
        model: flags.model,
        renderer: flags.renderer ?? null,
        trainOnWhat: flags['train-on-what'],
        format: flags.format,
        plugins: flags.plugin ?? [],
        columns: flags.columns ?? [],
        limit: flags.limit ?? null,
        json: this.jsonEnabled(),
        width: process.stdout.columns ?? 80,
      },
      builtinRegistry(),
      {
        data: (line) => process.stdout.write(`${line}\n`),
        prose: (line) => process.stderr.write(`${wrappedText(line, widthOf(process.stderr))}\n`),
        isClosed: () => process.stdout.errored !== null,
      },
    );
    if (failed > 0) process.exitCode = 1;
  }

  /** JSON Lines: rows were printed as they came, and an error is one more line. */
  override logJson(json: unknown): void {
    if (json !== undefined) process.stdout.write(`${JSON.stringify(json)}\n`);
  }
}
