// cookbook eval of a service of OpenAI's API: the one that `cookbook serve` opens, with the real engine behind it.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { type EvalOptions, evalCommand } from '../../src/eval/command.ts';
import { openServed } from '../support/served.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { TINY } from '../support/tinker_server.ts';

const OPTIONS: EvalOptions = {
  target: null,
  checkpoint: null,
  service: null,
  baseUrl: null,
  model: null,
  keyEnv: null,
  benchmark: 'arithmetic',
  assignments: [],
  plugins: [],
  sampling: { max_tokens: 8, temperature: 0, seed: 0, num_samples: 1, concurrency: 8, timeout_seconds: 60 },
  limit: 12,
  saveDir: null,
  argv: ['eval'],
  progress: null,
  notify: () => undefined,
};

async function answersIn(saveDir: string, name: string) {
  const text = await readFile(join(saveDir, name, 'trajectories.jsonl'), 'utf8');
  const lines: Record<string, unknown>[] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(lines.map(({ example_id, reward, logs }) => [example_id, { reward, logs }]));
}

it('answers through the server as the model does that is sampled here, also at a Tinker service', async () => {
  const { url } = await openServed();
  const places = await Promise.all([1, 2, 3].map(() => temporaryDirectory()));
  const models: Partial<EvalOptions>[] = [
    { target: TINY },
    { baseUrl: `${url}/oai/api/v1`, model: 'tiny' },
    { target: TINY, service: `{builder: tinker, base_url: '${url}'}` },
  ];
  process.env.TINKER_API_KEY = 'tml-local';
  for (const [i, model] of models.entries()) {
    const { result } = await evalCommand({ ...OPTIONS, ...model, saveDir: places[i] }, builtinRegistry());
    expect(result).toMatchObject({ state: 'done', num_examples: 12, num_errors: 0 });
  }
  const [here, texts, tokens] = await Promise.all(places.map((place) => answersIn(place, 'arithmetic')));
  const rewards = (answers: typeof here) => [...answers].map(([id, { reward }]) => [id, reward]).sort();
  expect(rewards(texts)).toEqual(rewards(here));
  expect(rewards(tokens)).toEqual(rewards(here));
  expect(JSON.parse(await readFile(join(places[1], 'arithmetic/settings.json'), 'utf8'))).toEqual({
    model: 'tiny',
    base_url: `${url}/oai/api/v1`,
    max_tokens: 8,
    temperature: 0,
    seed: 0,
  });
  const again = await evalCommand(
    { ...OPTIONS, ...models[1], saveDir: places[1], limit: 14, notify: (message) => told.push(message) },
    builtinRegistry(),
  );
  expect(again.result).toMatchObject({ num_examples: 14 });
  expect(told.join('\n')).toContain('12 of 14 answers were there already');
});

const told: string[] = [];

const PLUGIN = `
import { benchmarkSlot, defineBuilder, Type } from 'tinker-cookbook';
export const talk = defineBuilder({
  slot: benchmarkSlot, name: 'talk', version: 1, doc: 'Two turns.', params: Type.Object({}),
  build: () => ({ name: 'talk', grader: 'talk 1', examples: [{ example_id: 'a', input: 'Hi', expected: null, makeEnv() { throw new Error('made'); } }] }),
});
`;

it('refuses by name what takes more than one conversation with one reply, before it asks anything', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'talk.ts'), PLUGIN);
  const given = { ...OPTIONS, baseUrl: 'http://127.0.0.1:9/v1', model: 'm', benchmark: 'talk', saveDir: directory };
  await expect(evalCommand({ ...given, plugins: [join(directory, 'talk.ts')] }, builtinRegistry())).rejects.toThrow(
    'talk cannot be asked of a service that takes and gives texts: it takes more than one conversation with one reply',
  );
});

it.each<[Partial<EvalOptions>, string]>([
  [{}, 'what is to be asked is not named'],
  [{ target: TINY, model: 'm' }, '--model names a model at --base-url, which is not there'],
  [{ target: TINY, baseUrl: 'http://h/v1', model: 'm' }, 'name two models'],
  [{ baseUrl: 'http://h/v1' }, '--base-url needs --model'],
  [{ baseUrl: 'http://h/v1', model: 'm', checkpoint: 'best' }, '--checkpoint and --service are of weights'],
  [{ baseUrl: 'http://h/v1', model: 'm', keyEnv: 'NO_SUCH_KEY' }, 'the environment has no such variable'],
  [{ target: TINY, service: 'tinkr' }, 'tinkr'],
])('refuses %j', async (model, message) => {
  await expect(evalCommand({ ...OPTIONS, ...model }, builtinRegistry())).rejects.toThrow(message);
});
