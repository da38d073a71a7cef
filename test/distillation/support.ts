// Runs of the distillation trainers on a small model with a real engine.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtinRegistry } from '../../src/builtin.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';

const TEACHER = `
trainer: supervised
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 10}
num_epochs: 4
learning_rate: 0.02
lora_rank: 8
`;

interface Options {
  onEvent?(event: RunEvent): void;
  signal?: AbortSignal;
}

export class Bench {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** A model, 40 conversations, a run `teacher` that has learned them, and a spec. */
  static async open(spec: string, { contextLength }: { contextLength?: number } = {}): Promise<Bench> {
    const bench = new Bench(await mkdtemp(join(tmpdir(), 'cookbook-distillation-')));
    await writeChatModel(bench.path('model'), contextLength);
    await writeFile(bench.path('data.jsonl'), conversationLines(40));
    await writeFile(bench.path('teacher.yaml'), TEACHER);
    await writeFile(bench.path('spec.yaml'), spec);
    await bench.run('teacher', [], { spec: 'teacher.yaml' });
    return bench;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async run(
    name: string,
    overrides: string[] = [],
    { spec = 'spec.yaml', onEvent, signal }: Options & { spec?: string } = {},
  ) {
    return await runFile(this.path(spec), {
      registry: builtinRegistry(),
      overrides: [`log_path=${this.path(name)}`, ...overrides],
      cwd: this.directory,
      env: {},
      argv: [],
      ask: null,
      onEvent: onEvent ?? (() => undefined),
      signal: signal ?? new AbortController().signal,
    });
  }

  /** Stops a run behind a step, and goes on with it. */
  async runInTwo(name: string, step: number, overrides: string[] = []): Promise<void> {
    const stop = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.type === 'step' && event.step === step) stop.abort();
    };
    const { status } = await this.run(name, overrides, { onEvent, signal: stop.signal });
    if (status.state !== 'interrupted') throw new Error(`the run is ${status.state}`);
    await this.run(name, overrides);
  }

  /** The rows of metrics.jsonl without what a clock decides. */
  async rows(name: string): Promise<Record<string, number>[]> {
    const text = await readFile(this.path(`${name}/metrics.jsonl`), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value)));
  }

  async weights(name: string): Promise<string> {
    return await readFile(this.path(`${name}/checkpoints/weights/final/adapter_model.safetensors`), 'base64');
  }

  async text(name: string): Promise<string> {
    return await readFile(this.path(name), 'utf8');
  }
}
