// cookbook serve: the Tinker API over HTTP, for the official SDK and other clients.

import { Flags } from '@oclif/core';
import { printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Serve extends BaseCommand {
  static override summary = 'Serve models to clients of the Tinker API.';
  static override description =
    "Clients train and sample over HTTP as on the hosted service, and talk to what was trained through OpenAI's API. Only this machine is let in, unless --host says otherwise.";
  static override examples = [
    '<%= config.bin %> serve --model example_data/models/tiny',
    '<%= config.bin %> serve --model Qwen/Qwen3-0.6B --port 8000 --data checkpoints',
  ];
  static override enableJsonFlag = false;
  static override flags = {
    model: Flags.string({
      required: true,
      multiple: true,
      description: 'Model directory, GGUF file or name on the hub (ORG/NAME); NAME=MODEL calls it otherwise.',
    }),
    port: Flags.integer({ default: 8000, min: 0, max: 65_535, description: 'Where to listen; 0 = any that is free.' }),
    host: Flags.string({ default: '127.0.0.1', description: 'Address to listen on; other machines need a key.' }),
    data: Flags.string({ default: 'tinker_data', description: 'Directory of the checkpoints.' }),
    'key-env': Flags.string({ description: 'Variable of the environment with the key that clients must send.' }),
    'custom-losses': Flags.boolean({
      description: 'Tell clients to hand over the losses that they create, instead of computing them in two passes.',
    }),
    precision: Flags.option({ options: ['float32', 'int8'] as const, default: 'float32' as const })({
      description: 'Of the frozen weights: int8 is faster and takes less memory.',
    }),
    threads: Flags.integer({ min: 1, description: 'Threads of a computation; else COOKBOOK_THREADS, or one a core.' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Serve);
    const { serveCommand } = await import('../serve/command.ts');
    const { model: models, port, host, data } = flags;
    const options = {
      models,
      port,
      host,
      data,
      customLosses: flags['custom-losses'],
      keyEnv: flags['key-env'] ?? null,
      threads: flags.threads ?? null,
      precision: flags.precision,
      env: process.env,
      notify: (message: string) => this.logToStderr(printableText(message)),
    };
    await serveCommand(options, (lines) => this.log(lines.map(printableText).join('\n')));
  }
}
