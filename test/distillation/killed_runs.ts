// Runs of the trainers that learn from a teacher, as processes that can be killed right before a call on a file of theirs.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { callsOf, killBeforeCall, timelessFiles } from '../support/crashes.ts';

const MODEL = `
model_name: ./model
service: {builder: local, threads: 1, microbatch_tokens: 64}
`;
const TRAINING = `
learning_rate: 0.01
lora_rank: 4
eval_every: 3
save_every: 4
rolling_save_every: 1
`;
const DEMONSTRATIONS = `
dataset: {builder: demonstration_file, file_path: data.jsonl, batch_size: 4, test_size: 4}
num_epochs: 2
`;

const TEACHER = `
trainer: supervised
dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 10}
learning_rate: 0.02
lora_rank: 8
num_epochs: 4
`;
const SPECS = {
  gkd: `
trainer: gkd
teacher: {load_checkpoint_path: {run: teacher, checkpoint: final}}
seq_kd: true
max_new_tokens: 8
${DEMONSTRATIONS}${TRAINING}`,
  sdft: `
trainer: sdft
load_checkpoint_path: {run: teacher, checkpoint: final}
teacher_template: '{demonstration} {question}'
teacher_sync_every: 2
skip_first_n_tokens: 1
max_tokens: 8
${DEMONSTRATIONS}${TRAINING}`,
  off_policy_distillation: `
trainer: off_policy_distillation
batch_size: 9
dataset_configs:
  - dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 6, test_size: 4}
    teacher: {load_checkpoint_path: {run: teacher, checkpoint: final}}
    weight: 2
  - dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 3, test_size: 6}
    teacher: {}
num_epochs: 2
${TRAINING}`,
  create_data: `
trainer: create_data
load_checkpoint_path: {run: teacher, checkpoint: final}
file_path: data.jsonl
teacher_prompt_path: prompt.txt
batch_size: 4
max_tokens: 12
temperature: 0.5
`,
};
type Trainer = keyof typeof SPECS;
export const TRAINERS = Object.keys(SPECS).filter((name): name is Trainer => name in SPECS);

/** Rows of such different lengths that an engine does not compute them in their order. */
function rows(): string {
  const replies = [1, 9, 3, 14, 0, 6, 2, 11].map((words) => `or${' hello'.repeat(words)}`);
  const messages = Array.from({ length: 22 }, (_, i) => [
    { role: 'user', content: `hello ${i}?` },
    { role: 'assistant', content: `${replies[i % replies.length]} ${i % 7}` },
  ]);
  return messages.map((each) => `${JSON.stringify({ messages: each })}\n`).join('');
}

export class KilledRuns {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** A model, data, a run `teacher` that has learned them, and a spec of every trainer. */
  static async open(): Promise<KilledRuns> {
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-killed-'));
    await writeChatModel(join(directory, 'model'));
    await writeFile(join(directory, 'data.jsonl'), rows());
    await writeFile(join(directory, 'prompt.txt'), 'hello world\n');
    for (const [name, spec] of Object.entries({ ...SPECS, teacher: TEACHER }))
      await writeFile(join(directory, `${name}.yaml`), `log_path: ${name}${spec}${MODEL}`);
    const { code, stderr } = await cookbook(['run', 'teacher.yaml'], { cwd: directory });
    if (code !== 0) throw new Error(stderr);
    return new KilledRuns(directory);
  }

  /** Kills the run right before its `call`-th change of a file whose path in it begins with `below`; 0 = never. */
  async run(trainer: Trainer, name: string, { call = 0, below = '' } = {}): Promise<CliResult> {
    return await cookbook(['run', `${trainer}.yaml`, `log_path=${name}`], {
      cwd: this.#directory,
      env: killBeforeCall(call, join(this.#directory, name, below)),
    });
  }

  /** Runs to the end undisturbed. Returns how many calls could be killed. */
  async whole(trainer: Trainer, name: string): Promise<number> {
    const result = await this.run(trainer, name);
    if (result.code !== 0) throw new Error(result.stderr);
    return callsOf(result);
  }

  async files(name: string): Promise<Record<string, unknown>> {
    return await timelessFiles(join(this.#directory, name));
  }
}
