// The runs of a sweep on one engine process: the bytes of each alone, whatever befalls the engine, and no engine without its sweep.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { type CliOptions, type CliResult, cookbook } from '../support/cli.ts';
import { timelessFiles } from '../support/crashes.ts';

let directory: string;
const inside = (path: string) => join(directory, path);

/** Adapters, all parameters, a custom loss, and episodes of several turns, as the stages of one base. */
const SWEEP = `
base:
  plugins: [plugin.mjs]
  stages:
    sft:
      trainer: supervised
      model_name: ./model
      dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4, test_size: 4}
      learning_rate: 0.02
      lora_rank: 4
      num_epochs: 2
      eval_every: 4
      save_every: 2
    dpo:
      trainer: dpo
      model_name: ./model
      dataset: {builder: comparison_file, file_path: ./pairs.jsonl, batch_size: 4, test_size: 4}
      learning_rate: 0.02
      lora_rank: 4
      num_epochs: 2
      save_every: 2
    full:
      trainer: pretrain
      tokenizer: {builder: given, path: ./model}
      hidden_size: 16
      intermediate_size: 16
      num_hidden_layers: 1
      num_attention_heads: 2
      max_position_embeddings: 64
      dataset: {builder: text_file, file_path: ./text.txt, batch_size: 2, max_length: 32}
      save_every: 2
    rl:
      trainer: rl
      model_name: ./model
      dataset: {builder: guess_number, batch_size: 4, group_size: 2, n_batches: 4}
      max_tokens: 4
      learning_rate: 0.02
      lora_rank: 4
      eval_every: 0
      save_every: 2
log_path: runs
execution: {max_concurrency: 4}
`;

const PLUGIN = `
import { contents, defineBuilder, tokenizerSlot, Type } from 'tinker-cookbook';
export const given = defineBuilder({
  slot: tokenizerSlot,
  name: 'given',
  version: 1,
  doc: 'A tokenizer that is there.',
  params: Type.Object({ path: contents(Type.String({ format: 'path', description: 'Its directory.' })) }),
  build: ({ path }) => path,
});
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-shared-'));
  await writeChatModel(inside('model'));
  const pairs = Array.from({ length: 20 }, (_, i) => ({
    prompt: `hello ${i}?`,
    chosen: `or ${i}`,
    rejected: `he ${i}`,
  }));
  const text = Array.from({ length: 40 }, (_, i) => `hello world, the world is ${i} years old.`);
  for (const [name, contents] of Object.entries({
    'sweep.yaml': SWEEP,
    'plugin.mjs': PLUGIN,
    'data.jsonl': conversationLines(40),
    'pairs.jsonl': pairs.map((row) => `${JSON.stringify(row)}\n`).join(''),
    'text.txt': text.join('\n'),
  })) {
    await writeFile(inside(name), contents);
  }
});

const sweep = (name: string, overrides: string[], options: Partial<CliOptions> = {}): Promise<CliResult> =>
  cookbook(['sweep', 'sweep.yaml', `log_path=${name}`, ...overrides], { cwd: directory, ...options });

/** What the sweep keeps for all of its runs lies beside them. */
const runsOf = async (name: string) => {
  const entries = await readdir(inside(name));
  return entries.filter((entry) => existsSync(inside(`${name}/${entry}/run.json`))).sort();
};

/** Metrics, weights and rollouts. The other files say where the run lies, which process ran it, and when. */
const IS_RESULT = /^(metrics\.jsonl|checkpoints\/.*|iteration_\d+\/.*\.jsonl)$/;

async function filesOf(name: string): Promise<Record<string, Record<string, unknown>>> {
  const runs = await runsOf(name);
  return Object.fromEntries(
    await Promise.all(
      runs.map(async (run) => {
        const files = Object.entries(await timelessFiles(inside(`${name}/${run}`)));
        return [run, Object.fromEntries(files.filter(([file]) => IS_RESULT.test(file)))] as const;
      }),
    ),
  );
}

/** Metrics, and what was saved last. */
async function endsOf(name: string): Promise<Record<string, unknown>> {
  const isEnd = (file: string) => file === 'metrics.jsonl' || file.startsWith('checkpoints/weights/final/');
  return Object.fromEntries(
    Object.entries(await filesOf(name)).map(([run, files]) => [
      run,
      Object.fromEntries(Object.entries(files).filter(([file]) => isEnd(file))),
    ]),
  );
}

const log = async (name: string, stage: string) => {
  const run = (await runsOf(name)).find((each) => each.startsWith(stage)) ?? '';
  return await readFile(inside(`${name}/${run}/logs.log`), 'utf8');
};

/** Processes of engines that were started by a process. */
async function enginesOf(sweep: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === sweep && /run\.js engine /.test(command) ? [Number(pid)] : [];
  });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the runs of a sweep', { timeout: 240_000 }, () => {
  it('share an engine and write the files that each writes alone, and do so again when the engine is killed', async () => {
    const alone = await sweep('alone', ['execution.executor.share_engine=false']);
    expect(alone).toMatchObject({ code: 0 });
    expect(await log('alone', 'sft')).not.toContain('shares');

    expect(await sweep('shared', [])).toMatchObject({ code: 0 });
    expect(await log('shared', 'sft')).toContain('trains on the engine that it shares with other runs of its sweep');
    const files = await filesOf('alone');
    expect(Object.keys(files)).toHaveLength(4);
    expect(await filesOf('shared')).toEqual(files);

    let killed: number[] = [];
    const broken = await sweep('broken', [], {
      onLine(_, child) {
        if (killed.length > 0) return;
        killed = [0];
        void killMidway('broken', child.pid ?? 0).then((engines) => {
          killed = engines;
        });
      },
    });
    expect(killed).toHaveLength(1);
    expect(broken).toMatchObject({ code: 0 });
    expect(await log('broken', 'sft')).toContain('the engine process that this run shared with others');
    expect(await filesOf('broken')).toEqual(files);
  });

  it('leave no engine behind when the sweep is killed', async () => {
    let engines: number[] = [];
    const ended = await sweep('orphaned', [], {
      onLine(_, child) {
        if (engines.length > 0) return;
        engines = [0];
        void checkpointIn('orphaned').then(async () => {
          engines = await enginesOf(child.pid ?? 0);
          child.kill('SIGKILL');
        });
      },
    });
    expect(ended.signal).toBe('SIGKILL');
    expect(engines).toHaveLength(1);
    while (isRunning(engines[0])) await sleep(50);
    // Each run had the engine until it had saved.
    expect(await sweep('orphaned', [])).toMatchObject({ code: 0 });
    // One that was asked to stop has saved once more on its way.
    expect(await endsOf('orphaned')).toEqual(await endsOf('alone'));
  });
});

/** Resolves when one of the runs has saved something. */
async function checkpointIn(name: string): Promise<void> {
  for (;;) {
    const runs = await runsOf(name).catch(() => []);
    const logs = await Promise.all(
      runs.map((run) => readFile(inside(`${name}/${run}/checkpoints.jsonl`), 'utf8').catch(() => '')),
    );
    if (logs.some((text) => text.includes('\n'))) return;
    await sleep(20);
  }
}

async function killMidway(name: string, sweep: number): Promise<number[]> {
  await checkpointIn(name);
  const engines = await enginesOf(sweep);
  for (const pid of engines) process.kill(pid, 'SIGKILL');
  return engines;
}
