// metrics.jsonl: what is appended is read back, a resume cuts it, and damage is repaired or named.

import { appendFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetricsFile } from '../../src/run_files/metrics_log.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

/** Of a lease that is not lost. */
const held = new AbortController().signal;

async function fileWith(text: string): Promise<{ directory: string; path: string }> {
  const directory = await temporaryDirectory();
  const path = join(directory, 'metrics.jsonl');
  await writeFile(path, text);
  return { directory, path };
}

describe('appending', () => {
  it('writes one line a step, the step first and numbers that JSON lacks as strings', async () => {
    const directory = await temporaryDirectory();
    const log = await MetricsFile.open(directory, held);
    await log.append(0, { train_mean_nll: 2.5, 'time/total': Number.POSITIVE_INFINITY });
    await log.append(1, { train_mean_nll: Number.NaN, note: 'spike', skipped: true });
    log.close();
    expect(await readFile(join(directory, 'metrics.jsonl'), 'utf8')).toMatchInlineSnapshot(`
      "{"step":0,"train_mean_nll":2.5,"time/total":"Infinity"}
      {"step":1,"train_mean_nll":"NaN","note":"spike","skipped":true}
      "
    `);
  });

  it('reads back any metrics that were appended', async () => {
    const value = fc.oneof(
      fc.double({ noDefaultInfinity: false }).map((number) => number + 0),
      fc.boolean(),
      fc.string().filter((text) => !['NaN', 'Infinity', '-Infinity'].includes(text)),
    );
    const rows = fc.array(
      fc.dictionary(
        fc.string().filter((key) => key !== 'step'),
        value,
      ),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(rows, async (metrics) => {
        const directory = await temporaryDirectory();
        const log = await MetricsFile.open(directory, held);
        for (const [step, row] of metrics.entries()) await log.append(step, row);
        expect(await log.read()).toEqual(metrics.map((row, step) => ({ step, ...row })));
        log.close();
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a step that is not after the last one, also when that was logged by an earlier process', async () => {
    const { directory } = await fileWith('{"step":4}\n');
    const log = await MetricsFile.open(directory, held);
    await expect(log.append(4, {})).rejects.toThrow('step 4 was logged after step 4');
    await log.append(5, {});
    await expect(log.append(5, {})).rejects.toThrow('step 5 was logged after step 5');
    log.close();
  });

  it('refuses everything once the directory is another process’s', async () => {
    const directory = await temporaryDirectory();
    const lost = new AbortController();
    const log = await MetricsFile.open(directory, lost.signal);
    await log.append(0, {});
    lost.abort(new Error('the lease is lost'));
    await expect(log.append(1, {})).rejects.toThrow('the lease is lost');
    expect(await log.read()).toEqual([{ step: 0 }]);
    log.close();
  });

  it('refuses a metric that is called step', async () => {
    const log = await MetricsFile.open(await temporaryDirectory(), held);
    await expect(log.append(0, { step: 3 })).rejects.toThrow('not of a metric');
  });

  it.skipIf(process.platform !== 'linux')('says so when the disk is full', async () => {
    const directory = await temporaryDirectory();
    const log = await MetricsFile.open(directory, held);
    await symlink('/dev/full', join(directory, 'metrics.jsonl'));
    await expect(log.append(0, {})).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
      message: expect.stringMatching(/^cannot append to .*metrics\.jsonl: no space left on the device$/),
      hint: 'Free some space there, and run the same command again.',
    });
    log.close();
  });
});

describe('a last line that was cut short', () => {
  const text = '{"step":0,"nll":2}\n{"step":1,"nll":1.';

  it('is not read, and is gone once the log is opened for writing', async () => {
    const { directory, path } = await fileWith(text);
    const log = await MetricsFile.open(directory, held);
    expect(await readFile(path, 'utf8')).toBe('{"step":0,"nll":2}\n');
    await log.append(1, { nll: 1.5 });
    expect(await log.read()).toEqual([
      { step: 0, nll: 2 },
      { step: 1, nll: 1.5 },
    ]);
    log.close();
  });

  it('costs a reader nothing while another process is writing it', async () => {
    const { directory, path } = await fileWith('{"step":0,"nll":2}\n');
    const log = await MetricsFile.open(directory, held);
    await appendFile(path, '{"step":1,"nl');
    expect(await log.read()).toEqual([{ step: 0, nll: 2 }]);
  });

  it('is repaired at every length that it may have', async () => {
    const whole = '{"step":0,"nll":2}\n{"step":1,"nll":1.5,"é":"ü"}\n';
    const bytes = Buffer.from(whole);
    const firstLine = whole.indexOf('\n') + 1;
    for (let length = 0; length <= bytes.length; length++) {
      const directory = await temporaryDirectory();
      await writeFile(join(directory, 'metrics.jsonl'), bytes.subarray(0, length));
      const log = await MetricsFile.open(directory, held);
      const rows = length === bytes.length ? 2 : length >= firstLine ? 1 : 0;
      expect(await log.read()).toHaveLength(rows);
    }
  });
});

describe('rewinding', () => {
  it('drops the step and all later ones and leaves the rest byte for byte', async () => {
    const { directory, path } = await fileWith('{"step":0, "a":1e0}\n{"step":1}\n{"step":2}\n{"step":5}\n');
    const log = await MetricsFile.open(directory, held);
    await log.rewind(2);
    expect(await readFile(path, 'utf8')).toBe('{"step":0, "a":1e0}\n{"step":1}\n');
    await log.append(2, { again: true });
    expect(await readFile(path, 'utf8')).toBe('{"step":0, "a":1e0}\n{"step":1}\n{"step":2,"again":true}\n');
    log.close();
  });

  it('to 0 empties the log, and beyond its end changes nothing', async () => {
    const { directory, path } = await fileWith('{"step":0}\n{"step":1}\n');
    const log = await MetricsFile.open(directory, held);
    await log.rewind(2);
    expect(await readFile(path, 'utf8')).toBe('{"step":0}\n{"step":1}\n');
    await log.rewind(0);
    expect(await readFile(path, 'utf8')).toBe('');
  });

  it('works on a log that does not exist yet', async () => {
    const log = await MetricsFile.open(await temporaryDirectory(), held);
    await log.rewind(0);
    expect(await log.read()).toEqual([]);
  });
});

describe('damage that no kill leaves behind', () => {
  it.each([
    ['{"step":0}\nnonsense\n{"step":2}\n', 'metrics.jsonl:2: is not valid JSON'],
    ['{"step":0}\n\n', 'metrics.jsonl:2: is not valid JSON'],
    ['[1]\n', 'metrics.jsonl:1: is not an object'],
    ['{"nll":1}\n', 'metrics.jsonl:1: "step" is missing'],
    ['{"step":-1}\n', 'metrics.jsonl:1: "step" cannot be -1'],
    ['{"step":0,"nll":null}\n', 'metrics.jsonl:1: holds a metric that is no number, string or boolean'],
  ])('is named with file and line: %j', async (text, message) => {
    const { directory } = await fileWith(text);
    await expect(MetricsFile.open(directory, held)).rejects.toMatchObject({
      code: 'DATA_FORMAT',
      message: expect.stringContaining(message),
      hint: 'Something else than cookbook has changed the file: mend the line or delete it.',
    });
  });
});
