// cookbook chat: talk to what a run has trained, or to a base model.

import { Args, Flags } from '@oclif/core';
import { ConfigurationError } from '../util/errors.ts';
import { printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';
import { checkpointFlag, WEIGHTS } from './flags.ts';

export default class Chat extends BaseCommand {
  static override summary = 'Talk to a run or to a model.';
  static override description =
    'Answers with the newest weights of a run. Without a terminal, or with --message, each line is a turn and each reply a line.';
  static override examples = [
    '<%= config.bin %> chat runs/sl_basic',
    '<%= config.bin %> chat example_data/models/tiny --temperature 0 --message "What is 12 + 7?"',
  ];
  static override args = {
    target: Args.string({
      required: true,
      description: WEIGHTS,
    }),
  };
  static override flags = {
    checkpoint: checkpointFlag,
    message: Flags.string({ char: 'm', multiple: true, description: 'Say this and end; may be given several times.' }),
    system: Flags.string({ description: 'System prompt.' }),
    temperature: Flags.string({ default: '0.7', description: '0 = greedy.' }),
    'top-p': Flags.string({ default: '0.9', description: 'Nucleus sampling.' }),
    'max-tokens': Flags.integer({ default: 512, min: 1, description: 'Longest reply.' }),
    seed: Flags.integer({ default: 0, description: 'The same seed gives the same replies.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Chat);
    const { chatCommand } = await import('../chat/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const { Readable } = await import('node:stream');
    const { message } = flags;
    const options = {
      target: args.target,
      checkpoint: flags.checkpoint ?? null,
      system: flags.system ?? null,
      params: {
        temperature: numberOf('--temperature', flags.temperature),
        top_p: numberOf('--top-p', flags['top-p']),
        max_tokens: flags['max-tokens'],
        seed: flags.seed,
      },
      streams: {
        input: message === undefined ? process.stdin : Readable.from(message.map((line) => `${line}\n`)),
        output: this.jsonEnabled() ? process.stderr : process.stdout,
        prose: process.stderr,
        interactive: message === undefined && process.stdin.isTTY && process.stderr.isTTY,
      },
      notify: (message: string) => this.logToStderr(printableText(message)),
    };
    return await chatCommand(options, builtinRegistry());
  }
}

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new ConfigurationError(`${flag} must be a number, not "${text}"`);
}
