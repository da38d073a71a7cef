// The bridge to Optuna where there is no Optuna: one line that says what is wrong. With Optuna: test/bridges/optuna_search.test.ts.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OptunaSearch } from '../../../src/study/search/optuna_search.ts';
import type { Question } from '../../../src/study/types.ts';
import { ConfigurationError } from '../../../src/util/errors.ts';

const QUESTION: Question = {
  space: [{ name: 'x', distribution: { kind: 'normal', mean: 0, sd: 1 }, when: null }],
  trials: [],
  seed: 0,
  trials_planned: null,
};

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'optuna-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** In place of an interpreter: a shell script. */
async function interpreter(name: string, script: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function failure(python: string): Promise<{ message: string; hint: string | undefined }> {
  const search = new OptunaSearch('GPSampler', {}, python);
  try {
    const answered = await search.suggest(QUESTION).catch((error: unknown) => error);
    if (!(answered instanceof ConfigurationError))
      throw new Error('it has not failed as it should', { cause: answered });
    return { message: answered.message.replaceAll(`${directory}/`, ''), hint: answered.hint };
  } finally {
    await search.close();
  }
}

describe('says in one line', () => {
  it('that there is no such interpreter', async () => {
    const missing = await failure(join(directory, 'none'));
    expect(missing).toMatchInlineSnapshot(`
      {
        "hint": "Install Python and Optuna (python3 -m pip install "optuna==5.*"), or name an interpreter that has it with search.python.",
        "message": "search optuna: none cannot be started: there is no such program",
      }
    `);
  });

  it('what is missing in it, and how to install that', async () => {
    const without = await failure(await interpreter('without', `read question; echo '{"missing": "optuna"}'; cat`));
    expect(without.message).toBe('search optuna: without has no module optuna');
    expect(without.hint).toContain('/without -m pip install "optuna==5.*"');
  });

  it('what it said at its end', async () => {
    expect(await failure(await interpreter('dies', 'echo loading >&2; echo "out of memory" >&2; exit 3'))).toEqual({
      message: 'search optuna: dies ended by exit code 3: out of memory',
      hint: undefined,
    });
  });

  it('what is no answer', async () => {
    expect((await failure(await interpreter('talks', 'echo hello; cat'))).message).toBe(
      "search optuna: talks says 'hello', which is no JSON object",
    );
    expect((await failure(await interpreter('vague', `read question; echo '{"point": {}}'; cat`))).message).toBe(
      'search optuna: GPSampler gives null for x',
    );
    expect(
      (await failure(await interpreter('fails', `read question; echo '{"error": "ValueError: no"}'; cat`))).message,
    ).toBe('search optuna: ValueError: no');
  });
});

it('starts another process where one has died, and tells it the same', async () => {
  // It answers once, with how often it was started.
  const script = `echo x >> "${directory}/starts"; read question; echo "{\\"point\\": {\\"x\\": 0.$(wc -l < "${directory}/starts" | tr -d ' ')}}"`;
  const search = new OptunaSearch('GPSampler', {}, await interpreter('once', script));
  const first = await search.suggest(QUESTION);
  const second = await search.suggest(QUESTION).catch(() => search.suggest(QUESTION));
  await search.close();
  expect(first.x).toBeCloseTo(-1.2816, 4);
  expect(second.x).toBeCloseTo(-0.8416, 4);
});
