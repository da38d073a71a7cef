// One run from its record to its last status: what is on disk, what is told, and what an error, a stop or a divergence leaves.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunEvent } from '../../src/run/events.ts';
import { executeRun } from '../../src/run/execute.ts';
import { plainReporter } from '../../src/run/reporters/plain.ts';
import { createRunDirectory, inspectRunDirectory } from '../../src/run_files/directory.ts';
import { takeLease } from '../../src/run_files/lease.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { toyRecord, toyRegistry } from './support/records.ts';

async function prepared(fields: JsonObject = {}): Promise<string> {
  const directory = join(await temporaryDirectory(), 'toy');
  await createRunDirectory(directory, toyRecord(directory, fields), 'diff --git a/x b/x\n');
  return directory;
}

/** Replaces the record's fields, as a user does who mends the spec. */
async function setField(directory: string, fields: JsonObject): Promise<void> {
  const record = toyRecord(directory, fields);
  await writeFile(join(directory, 'run.json'), JSON.stringify(record));
}

async function execute(directory: string, abortAt?: RunEvent['type']) {
  const controller = new AbortController();
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => {
    events.push(event);
    if (event.type === abortAt) controller.abort();
  };
  const status = await executeRun(directory, toyRegistry(), { onEvent, signal: controller.signal });
  return { status, events, types: events.map((event) => event.type) };
}

/** The plain lines of a run whose steps take half a second each. */
function lines(events: RunEvent[]): string[] {
  const written: string[] = [];
  let time = 0;
  const halfSeconds = () => (time += 500);
  const report = plainReporter((line) => written.push(line.replace(/ in \/.*/, ' in DIR')), halfSeconds);
  events.forEach((event) => {
    report(event);
  });
  return written;
}

async function onDisk(directory: string, name: string): Promise<string> {
  return await readFile(join(directory, name), 'utf8');
}

describe('a run', () => {
  it('starts as pending, with its files', async () => {
    const directory = await prepared();
    expect((await readdir(directory)).sort()).toEqual(['code.diff', 'config.json', 'run.json', 'status.json']);
    expect(await inspectRunDirectory(directory)).toMatchObject({
      status: { state: 'pending', attempt: 0, step: 0 },
      record: { name: 'toy' },
      live: false,
      problem: null,
    });
    expect(JSON.parse(await onDisk(directory, 'config.json'))).toMatchObject({ trainer: 'toy', max_steps: 8 });
  });

  it('that goes well is done, and tells its course', async () => {
    const directory = await prepared();
    const { status, events } = await execute(directory);
    expect(status).toMatchObject({ state: 'done', attempt: 1, step: 8, total_steps: 8, error: null });
    expect(await inspectRunDirectory(directory)).toMatchObject({ status, live: false, problem: null });
    expect((await readdir(directory)).sort()).toMatchInlineSnapshot(`
      [
        "checkpoints",
        "checkpoints.jsonl",
        "code.diff",
        "config.json",
        "logs.log",
        "metrics.jsonl",
        "run.json",
        "status.json",
      ]
    `);
    expect(lines(events).join('\n')).toMatchInlineSnapshot(`
      "run toy, attempt 1, in DIR
      8 steps
      step 1/8  nll 0.9  lr 0.1
      step 2/8  nll 0.8184  lr 0.1  100 tok/s  3s left
      step 3/8  nll 0.7457  lr 0.1  100 tok/s  3s left
      checkpoint 000003
      step 4/8  nll 0.6725  lr 0.1  100 tok/s  2s left
      step 5/8  nll 0.5977  lr 0.1  100 tok/s  2s left
      step 6/8  nll 0.5283  lr 0.1  100 tok/s  1s left
      checkpoint 000006
      step 7/8  nll 0.4727  lr 0.1  100 tok/s  1s left
      step 8/8  nll 0.432  lr 0.1  100 tok/s
      checkpoint final_8
      evaluation at step 8  test/nll 0.432
      done after 8 steps"
    `);
    expect(await onDisk(directory, 'metrics.jsonl')).toMatchInlineSnapshot(`
      "{"step":0,"train_mean_nll":0.9,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      {"step":1,"train_mean_nll":0.818414709848079,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      {"step":2,"train_mean_nll":0.7456662131315279,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      {"step":3,"train_mean_nll":0.6725107918989738,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      {"step":4,"train_mean_nll":0.5976916877559971,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      {"step":5,"train_mean_nll":0.528333276233766,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      {"step":6,"train_mean_nll":0.47270579362840015,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      {"step":7,"train_mean_nll":0.43200508025274803,"learning_rate":0.1,"num_tokens":50,"time/total":0.5}
      "
    `);
  });

  it('has the same lines in its log, with the time before each', async () => {
    const directory = await prepared();
    const { events } = await execute(directory);
    const logged = (await onDisk(directory, 'logs.log')).trimEnd().split('\n');
    const withoutTimes = (line: string) => line.replace(/^\S+Z | in (\/.*|DIR)| {2}\d+ tok.*/g, '');
    expect(logged.map(withoutTimes)).toEqual(lines(events).map(withoutTimes));
    for (const line of logged) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /);
  });

  it('that is done is not executed again', async () => {
    const directory = await prepared();
    const first = await execute(directory);
    const metrics = await onDisk(directory, 'metrics.jsonl');
    const again = await execute(directory);
    expect(again).toEqual({ status: first.status, events: [], types: [] });
    expect(await onDisk(directory, 'metrics.jsonl')).toBe(metrics);
  });

  it('that another process executes is left alone', async () => {
    const directory = await prepared();
    const lease = await takeLease(directory);
    await expect(execute(directory)).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
      message: expect.stringContaining('is in use by process'),
    });
    expect(await inspectRunDirectory(directory)).toMatchObject({ live: true, status: { state: 'pending' } });
    await lease.release();
  });

  it('without a record is no run', async () => {
    await expect(execute(await temporaryDirectory())).rejects.toThrow('is no run directory: it has no run.json');
  });

  it('whose creation was cut short is completed', async () => {
    const directory = await prepared();
    for (const name of ['config.json', 'status.json', 'code.diff']) await rm(join(directory, name));
    await writeFile(join(directory, 'status.json.tmp-0123456789ab'), 'x');
    expect(await inspectRunDirectory(directory)).toMatchObject({ status: null, problem: null });
    expect((await execute(directory)).status.state).toBe('done');
    expect(await readdir(directory)).toContain('config.json');
    expect((await readdir(directory)).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });

  it('with a damaged status goes on, and says so', async () => {
    const directory = await prepared();
    await writeFile(join(directory, 'status.json'), '');
    const { status, events } = await execute(directory);
    expect(status).toMatchObject({ state: 'done', attempt: 1 });
    expect(events[0]).toMatchObject({
      type: 'warning',
      message: expect.stringMatching(/^status\.json: .*; it is written anew$/),
    });
  });
});

describe('a run that fails', () => {
  it('with a known error keeps its code and message, and is tried again', async () => {
    const directory = await prepared({ misbehave: 'fail:4' });
    const { status, events } = await execute(directory);
    const error = { code: 'DATA_FORMAT', message: 'data.jsonl:3: no "messages"' };
    expect(status).toMatchObject({ state: 'failed', step: 4, error });
    expect(lines(events).slice(-2)).toEqual(['failed after 4 steps: data.jsonl:3: no "messages"', 'Mend the line.']);
    await setField(directory, {});
    const again = await execute(directory);
    expect(again.status).toMatchObject({ state: 'done', attempt: 2, step: 8, error: null });
    expect(again.events).toContainEqual({ type: 'started', total_steps: 8, resumed_from: 3 });
  });

  it('with an unknown error leaves its stack in the log', async () => {
    const directory = await prepared({ misbehave: 'throw:2' });
    const { status, events } = await execute(directory);
    expect(status.error).toEqual({ code: 'INTERNAL', message: 'weight is not a function' });
    expect(events.at(-1)).toMatchObject({ type: 'failed', hint: expect.stringContaining('logs.log') });
    expect(await onDisk(directory, 'logs.log')).toMatch(/TypeError: weight is not a function\n +at /);
  });

  it('because its service is unknown says so', async () => {
    const directory = await prepared({ service: { builder: 'tot' } });
    const { status } = await execute(directory);
    expect(status.error?.message).toBe('unknown service builder "tot"; did you mean "toy"?');
  });

  it.runIf(process.platform === 'linux')(
    'to write its log, because the disk is full, goes on and says so',
    async () => {
      const directory = await prepared();
      await symlink('/dev/full', join(directory, 'logs.log'));
      const { status, events } = await execute(directory);
      expect(status.state).toBe('done');
      const warnings = events.filter((event) => event.type === 'warning');
      expect(warnings).toEqual([
        {
          type: 'warning',
          message: expect.stringMatching(/^cannot append to .*logs\.log: no space left on the device$/),
        },
      ]);
    },
  );

  it('leaves damage of its metrics to the user', async () => {
    const directory = await prepared();
    await writeFile(join(directory, 'metrics.jsonl'), '{"step":0}\n{"st\n{"step":2}\n');
    const { status } = await execute(directory);
    expect(status.error?.message).toMatch(/metrics\.jsonl:2: is not valid JSON$/);
  });
});

describe('a run that ends early', () => {
  it('because it diverged is finished, and is not executed again', async () => {
    const directory = await prepared({ misbehave: 'diverge:5' });
    const { status, events } = await execute(directory);
    expect(status).toMatchObject({ state: 'diverged', step: 6, error: null });
    expect(lines(events).at(-1)).toBe('diverged after 6 steps: the loss or a weight is no longer a number');
    expect((await execute(directory)).types).toEqual([]);
  });

  it('because it was asked to stop goes on later, to the same metrics', async () => {
    const undisturbed = await prepared();
    await execute(undisturbed);
    const directory = await prepared();
    const first = await execute(directory, 'step');
    expect(first.status).toMatchObject({ state: 'interrupted', step: 1, attempt: 1 });
    expect(lines(first.events).slice(-3)).toMatchInlineSnapshot(`
      [
        "warning: stopping: the step is finished and a checkpoint saved; a second signal ends the process at once",
        "checkpoint interrupted_1",
        "interrupted after 1 step",
      ]
    `);
    const second = await execute(directory);
    expect(second.status).toMatchObject({ state: 'done', attempt: 2 });
    expect(await onDisk(directory, 'metrics.jsonl')).toBe(await onDisk(undisturbed, 'metrics.jsonl'));
  });

  it('because its trainer gave up at the request is interrupted, not failed', async () => {
    const directory = await prepared({ misbehave: 'give_up:2' });
    const { status } = await execute(directory, 'text');
    expect(status).toMatchObject({ state: 'interrupted', step: 2, error: null });
  });

  it('because another process took its lease writes nothing more', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const directory = await prepared({ misbehave: 'wait:3' });
    const lease = join(directory, 'lease');
    let before = '';
    const onEvent = async (event: RunEvent) => {
      if (event.type !== 'text') return;
      await writeFile(lease, JSON.stringify({ ...JSON.parse(await readFile(lease, 'utf8')), token: 'another' }));
      before = await onDisk(directory, 'status.json');
      vi.advanceTimersByTime(5_000);
    };
    const run = executeRun(directory, toyRegistry(), { onEvent, signal: new AbortController().signal });
    await expect(run).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
      message: expect.stringMatching(/lease was taken by another process$/),
    });
    expect(await onDisk(directory, 'status.json')).toBe(before);
    expect((await onDisk(directory, 'metrics.jsonl')).split('\n')).toHaveLength(3 + 1);
    expect(JSON.parse(await readFile(lease, 'utf8'))).toMatchObject({ token: 'another' });
  });
});

describe('a secret that the spec refers to', () => {
  const env = { TOY_TOKEN: 'tell-nobody' };
  const misbehave = `throw:2:\${secret:TOY_TOKEN}`;

  async function run(directory: string, environment: Record<string, string>) {
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => events.push(event);
    const { signal } = new AbortController();
    const status = await executeRun(directory, toyRegistry(), { onEvent, signal, env: environment });
    return { status, told: JSON.stringify(events) };
  }

  it('reaches the trainer, and neither a file nor an event', async () => {
    const directory = await prepared({ misbehave });
    const { status, told } = await run(directory, env);
    expect(status.error?.message).toBe(`weight is not a function: \${secret:TOY_TOKEN}`);
    for (const name of await readdir(directory)) {
      const text = name === 'checkpoints' ? '' : await onDisk(directory, name);
      expect(text, name).not.toContain('tell-nobody');
    }
    expect(told).not.toContain('tell-nobody');
    expect(await onDisk(directory, 'logs.log')).toContain('TypeError: weight is not a function: ${secret:TOY_TOKEN}');
  });

  it('that is not set is why the run failed', async () => {
    const { status } = await run(await prepared({ misbehave }), {});
    expect(status).toMatchObject({ state: 'failed', step: 0 });
    expect(status.error?.message).toBe('the environment variable TOY_TOKEN is not set');
  });
});
