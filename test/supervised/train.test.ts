import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { listCheckpoints } from '../../src/run_files/checkpoint_log.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';

let directory: string;

const SPEC = `
trainer: supervised
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4, test_size: 6}
learning_rate: 0.02
lora_rank: 4
num_epochs: 2
max_steps: 8
eval_every: 3
save_every: 3
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-sft-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'data.jsonl'), conversationLines(26));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

interface Options {
  onEvent?(event: RunEvent): void;
  signal?: AbortSignal;
}

async function run(name: string, overrides: string[] = [], { onEvent = () => undefined, signal }: Options = {}) {
  return await runFile(join(directory, 'spec.yaml'), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent,
    signal: signal ?? new AbortController().signal,
  });
}

interface Row {
  step: number;
  [metric: string]: unknown;
}

/** The rows of metrics.jsonl without what a clock decides. */
async function rows(name: string): Promise<Row[]> {
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value)));
}

const weights = (name: string, checkpoint: string) =>
  readFile(join(directory, name, 'checkpoints/weights', checkpoint, 'adapter_model.safetensors'), 'base64');

describe('a supervised run', () => {
  it('logs every step under the names of the Python cookbook, and lowers the held-out loss', async () => {
    const { status } = await run('whole');
    expect(status.state).toBe('done');
    const logged = await rows('whole');
    expect(logged.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(Object.keys(logged[0])).toMatchInlineSnapshot(`
      [
        "step",
        "progress",
        "epoch",
        "learning_rate",
        "test/nll",
        "test/bpb",
        "num_sequences",
        "num_tokens",
        "num_loss_tokens",
        "train_mean_nll",
        "train_mean_bpb",
        "grad_norm",
      ]
    `);
    expect(logged.filter((row) => 'test/nll' in row).map(({ step }) => step)).toEqual([0, 3, 6, 8]);
    expect(logged.map((row) => row.progress)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8].map((steps) => steps / 8));
    expect(logged.map((row) => row.epoch)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, undefined]);
    expect(Number(logged[8]['test/nll'])).toBeLessThan(Number(logged[0]['test/nll']));
    expect(status.learned.map(({ metric }) => metric)).toEqual(['test/nll', 'test/bpb']);
  });

  it('evaluates before the step: the first reading is that of the base model', async () => {
    await run('frozen', ['learning_rate=0', 'max_steps=1']);
    const [before, after] = await rows('frozen');
    expect(after['test/nll']).toBe(before['test/nll']);
    expect(before['test/nll']).toBe((await rows('whole'))[0]['test/nll']);
  });

  it('lets the learning rate climb and fall as asked', async () => {
    await run('schedule', ['warmup_steps=2', 'max_steps=6', 'lr_schedule=linear', 'eval_every=0']);
    const rates = (await rows('schedule')).map((row) => Number(row.learning_rate) / 0.02);
    expect(rates.map((rate) => Number(rate.toFixed(4)))).toEqual([0.3333, 0.6667, 1, 0.75, 0.5, 0.25]);
  });

  it('notes checkpoints whose record says exactly what is in them', async () => {
    const records = await listCheckpoints(join(directory, 'whole'));
    expect(records.map(({ name, batch, epoch, final }) => ({ name, batch, epoch, final }))).toEqual([
      { name: '000003', batch: 3, epoch: 0, final: undefined },
      { name: '000006', batch: 6, epoch: 1, final: undefined },
      { name: 'final', batch: 8, epoch: 1, final: true },
    ]);
    // A run of three steps on the same schedule ends where the checkpoint before the fourth says it is.
    await run('three', ['max_steps=3', 'lr_schedule=constant', 'save_every=0']);
    await run('six', ['max_steps=6', 'lr_schedule=constant', 'submit_ahead=3']);
    expect(await weights('six', '000003')).toBe(await weights('three', 'final'));
  });

  it('gives the same rows and the same bytes however many steps are submitted ahead', async () => {
    await run('ahead', ['submit_ahead=4', 'save_every=2']);
    expect(await rows('ahead')).toEqual(await rows('whole'));
    expect(await weights('ahead', 'final')).toBe(await weights('whole', 'final'));
  });

  it('stops when asked, and goes on as if it had not', async () => {
    const stop = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.type === 'step' && event.step === 3) stop.abort();
    };
    const first = await run('stopped', [], { onEvent, signal: stop.signal });
    expect(first.status.state).toBe('interrupted');
    const second = await run('stopped');
    expect(second.status).toMatchObject({ state: 'done', attempt: 2 });
    expect(await rows('stopped')).toEqual(await rows('whole'));
    expect(await weights('stopped', 'final')).toBe(await weights('whole', 'final'));
  });

  it('tells what it has cost, the same whatever is submitted ahead and however often it is stopped', async () => {
    const prices = ['service={builder: local, prices: {model: {prefill: 1, sample: 1, train: 10}}}'];
    await run('priced', prices);
    const priced = await rows('priced');
    const trained = priced.flatMap(({ num_tokens }) => (num_tokens === undefined ? [] : [Number(num_tokens)]));
    const upTo = (step: number) => trained.slice(0, step + 1).reduce((sum, tokens) => sum + tokens, 0);
    expect(priced.map((row) => row['tokens/billed/train'])).toEqual(priced.map((_, step) => upTo(step)));
    // Held-out rows are read before the steps 0, 3 and 6, and at the end.
    const once = Number(priced[0]['tokens/billed/prefill']);
    expect(once).toBeGreaterThan(0);
    const readings = priced.map((row) => Number(row['tokens/billed/prefill']) / once);
    expect(readings).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 4]);
    expect(priced[8]['cost/total']).toBeCloseTo((10 * upTo(7) + 4 * once) / 1e6, 12);
    await run('priced_ahead', [...prices, 'submit_ahead=4']);
    expect(await rows('priced_ahead')).toEqual(priced);
    const stop = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.type === 'step' && event.step === 3) stop.abort();
    };
    await run('priced_stopped', prices, { onEvent, signal: stop.signal });
    await run('priced_stopped', prices);
    expect(await rows('priced_stopped')).toEqual(priced);
  });

  it('keeps one rolling checkpoint, and none once it has ended', async () => {
    const seen: string[][] = [];
    const onEvent = (event: RunEvent) => {
      if (event.type === 'checkpoint') seen.push([event.record.name]);
    };
    await run('rolling', ['rolling_save_every=1', 'save_every=4'], { onEvent });
    expect(seen.flat()).toEqual(['000001', '000002', '000003', '000004', '000005', '000006', '000007', 'final']);
    expect((await listCheckpoints(join(directory, 'rolling'))).map(({ name }) => name)).toEqual(['000004', 'final']);
    expect(await readdir(join(directory, 'rolling/checkpoints/weights'))).toEqual(['000004', 'final']);
  });

  it('goes on from its end when max_steps is raised', async () => {
    await run('longer', ['max_steps=5', 'lr_schedule=constant']);
    const { status } = await run('longer', ['max_steps=8', 'lr_schedule=constant', 'if_exists=resume']);
    expect(status).toMatchObject({ state: 'done', step: 8, attempt: 2 });
    await run('at_once', ['max_steps=8', 'lr_schedule=constant']);
    const timeless = ({ progress: _, ...row }: Row) => row;
    expect((await rows('longer')).map(timeless)).toEqual((await rows('at_once')).map(timeless));
    expect(await weights('longer', 'final')).toBe(await weights('at_once', 'final'));
  });

  it('ends as diverged when the loss is no number, and keeps what led there', async () => {
    const { status } = await run('diverged', ['learning_rate=1e30', 'eval_every=0']);
    expect(status.state).toBe('diverged');
    const logged = await rows('diverged');
    expect(logged.at(-1)?.train_mean_nll).toBe('NaN');
    expect(logged.length).toBeLessThan(8);
  });

  it('starts from the weights of another run', async () => {
    await run('child', [`load_checkpoint_path=${join(directory, 'whole')}`, 'max_steps=1']);
    expect((await rows('child'))[0]['test/nll']).toBe((await rows('whole')).at(-1)?.['test/nll']);
  });

  it('starts from the checkpoint of another run that is named', async () => {
    const overrides = [`load_checkpoint_path={run: ${join(directory, 'whole')}, checkpoint: "000003"}`, 'max_steps=1'];
    const { record } = await run('grandchild', overrides);
    expect((await rows('grandchild'))[0]['test/nll']).toBe((await rows('whole'))[3]['test/nll']);
    expect(record.identity.config.load_checkpoint_path).toMatch(/^run:[0-9a-f]{12}@3$/);
  });

  it('says aloud that the weights it starts from belong to another model', async () => {
    await writeChatModel(join(directory, 'other_model'));
    const warnings: string[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.type === 'warning') warnings.push(event.message.replaceAll(directory, ''));
    };
    const overrides = [`load_checkpoint_path=${join(directory, 'whole')}`, 'model_name=./other_model', 'max_steps=1'];
    await run('foreign', overrides, { onEvent });
    expect(warnings).toMatchInlineSnapshot(`
      [
        "load_checkpoint_path was trained on /model, which goes on being trained; model_name is /other_model",
      ]
    `);
  });
});

it('fails with one line when a batch does not fit the model', async () => {
  const { status } = await run('too_long', ['dataset.max_length=1000']);
  expect(status.state).toBe('failed');
  expect(status.error?.message).toMatchInlineSnapshot(
    `"max_length 1000 is more than the 128 tokens that the model takes"`,
  );
});
