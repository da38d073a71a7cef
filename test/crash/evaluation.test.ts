// An evaluation of a thousand examples that is killed again and again counts each of them once.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type CliResult, cookbook } from '../support/cli.ts';

const TINY = join(import.meta.dirname, '../../example_data/models/tiny');
const EXAMPLES = 1000;
/** Answers that are there when the process is killed, one kill a number; 0 is as soon as it asks. */
const MOMENTS = [0, 50, 100, 250, 300, 450, 500, 700, 800, 950];

it('killed at ten moments, it ends with the answers and the result of one that never was', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-crash-'));
  const evaluate = (saveDir: string, killAt = Number.POSITIVE_INFINITY): Promise<CliResult> => {
    const size = ['--set', `num_examples=${EXAMPLES}`, '--set', 'max_operand=50', '--max-tokens', '4'];
    return cookbook(['eval', TINY, '--benchmark', 'arithmetic', ...size, '--save-dir', saveDir], {
      cwd: directory,
      onLine(_number, child, line) {
        const answered = /^(\d+)\/\d+ {2}score/.exec(line)?.[1] ?? (line.includes(' asked of ') ? '0' : null);
        if (answered !== null && Number(answered) >= killAt) child.kill('SIGKILL');
      },
    });
  };
  const told = async (saveDir: string) => {
    const text = await readFile(join(directory, saveDir, 'arithmetic/trajectories.jsonl'), 'utf8');
    const lines: Record<string, unknown>[] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const result: object = JSON.parse(await readFile(join(directory, saveDir, 'arithmetic/result.json'), 'utf8'));
    const answers = lines.map(({ example_id, sample, reward, logs }) => ({ example_id, sample, reward, logs }));
    return { answers, result: { ...result, time_seconds: 0 } };
  };
  const byId = (answers: { example_id: unknown }[]) =>
    answers.toSorted((a, b) => String(a.example_id).localeCompare(String(b.example_id)));

  expect(await evaluate('whole')).toMatchObject({ code: 0 });
  for (const moment of MOMENTS) expect(await evaluate('killed', moment)).toMatchObject({ signal: 'SIGKILL' });
  const last = await evaluate('killed');
  expect(last).toMatchObject({ code: 0 });
  expect(Number(/; (\d+) of 1000 answers were there already/.exec(last.stderr)?.[1])).toBeGreaterThanOrEqual(950);

  const [whole, killed] = [await told('whole'), await told('killed')];
  expect(killed.answers).toHaveLength(EXAMPLES);
  expect(new Set(killed.answers.map(({ example_id }) => example_id)).size).toBe(EXAMPLES);
  expect(byId(killed.answers)).toEqual(byId(whole.answers));
  expect(killed.result).toEqual(whole.result);
  await rm(directory, { recursive: true });
}, 300_000);
