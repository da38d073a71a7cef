// checkpoints.jsonl: records come back as they went in, and a torn or damaged line never passes for a checkpoint.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointFile, type LoggedRows } from '../../src/run_files/checkpoint_log.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

/** Of a lease that is not lost. */
const held = new AbortController().signal;
const noRows: LoggedRows = { flush: async () => undefined, digest: () => '', digestBefore: async () => '' };

async function open(text?: string) {
  const directory = await temporaryDirectory();
  const path = join(directory, 'checkpoints.jsonl');
  if (text !== undefined) await writeFile(path, text);
  return { log: await CheckpointFile.open(directory, held, noRows), path };
}

it('writes what upstream writes: no nulls, extra keys beside the others', async () => {
  const { log, path } = await open();
  await log.append({ name: '000020', batch: 20, epoch: 0, state_path: 's', extra: { elapsed_tokens: 4096 } });
  await log.append({ name: 'final', batch: 0, epoch: 1, final: true, state_path: 's', sampler_path: 'w' });
  log.close();
  expect((await readFile(path, 'utf8')).replaceAll(/[0-9a-f]{64}/g, 'SHA-256')).toMatchInlineSnapshot(`
    "{"name":"000020","batch":20,"epoch":0,"state_path":"s","elapsed_tokens":4096,"digests":{"record":"SHA-256","metrics":"","files":{}}}
    {"name":"final","batch":0,"epoch":1,"final":true,"state_path":"s","sampler_path":"w","digests":{"record":"SHA-256","metrics":"","files":{}}}
    "
  `);
});

it('reads back any record', async () => {
  const name = fc.string({ minLength: 1 });
  const record = fc.record(
    {
      name,
      batch: fc.nat(),
      epoch: fc.nat(),
      final: fc.boolean(),
      state_path: fc.string(),
      sampler_path: fc.string(),
      rolling: fc.boolean(),
      extra: fc.dictionary(
        name.map((key) => `x_${key}`),
        fc.oneof(fc.integer(), fc.string(), fc.array(fc.string()), fc.constant(null)),
        { minKeys: 1 },
      ),
    },
    { requiredKeys: ['name', 'batch', 'epoch'] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 4 }), async (records) => {
      const { log } = await open();
      for (const each of records) await log.append(each);
      expect(await log.list()).toEqual(records);
      log.close();
    }),
    { numRuns: 30 },
  );
});

it('makes the metrics durable before a checkpoint is', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'checkpoints.jsonl');
  const seen: string[] = [];
  const flush = async () => {
    seen.push(await readFile(path, 'utf8').catch(() => 'no file'));
  };
  const log = await CheckpointFile.open(directory, held, { ...noRows, flush });
  await log.append({ name: 'a', batch: 1, epoch: 0 });
  log.close();
  expect(seen).toEqual(['no file']);
});

it('forgets the records of one name and keeps the others', async () => {
  const { log } = await open();
  for (const name of ['a', 'b', 'a', 'c']) await log.append({ name, batch: 0, epoch: 0 });
  await log.remove('a');
  await log.append({ name: 'd', batch: 0, epoch: 0 });
  expect((await log.list()).map((record) => record.name)).toEqual(['b', 'c', 'd']);
  log.close();
});

it('cuts off a torn last line when it is opened', async () => {
  const { log, path } = await open('{"name":"a","batch":1,"epoch":0}\n{"name":"b","batch":2,"ep');
  expect(await log.list()).toEqual([{ name: 'a', batch: 1, epoch: 0 }]);
  await log.append({ name: 'b', batch: 2, epoch: 0 });
  expect(await readFile(path, 'utf8')).toBe('{"name":"a","batch":1,"epoch":0}\n{"name":"b","batch":2,"epoch":0}\n');
  log.close();
});

describe('a damaged line', () => {
  it.each([
    ['{"name":"a","epoch":0}\n', 'checkpoints.jsonl:1: "batch" is missing'],
    ['{"name":"a","batch":1,"epoch":0,"final":"yes"}\n', 'checkpoints.jsonl:1: "final" cannot be "yes"'],
    [
      '{"name":"a","batch":1,"epoch":0,"digests":{"record":1}}\n',
      'checkpoints.jsonl:1: "digests" cannot be {"record":1}',
    ],
  ])('is named: %j', async (text, message) => {
    const { log } = await open(text);
    await expect(log.list()).rejects.toMatchObject({ code: 'DATA_FORMAT', message: expect.stringContaining(message) });
  });
});

it('refuses an extra key that is a field already', async () => {
  const { log } = await open();
  await expect(log.append({ name: 'a', batch: 1, epoch: 0, extra: { final: 1 } })).rejects.toThrow(
    '"final" is a field',
  );
});
