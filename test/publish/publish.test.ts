// Runs published on a hub: what it holds afterwards, and what becomes of a hub that refuses.

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exportWeights } from '../../src/export/export.ts';
import { type PublishOptions, publishCommand } from '../../src/publish/command.ts';
import { type WritableHub, writableHub } from '../support/writable_hub.ts';
import { finishedRun } from './support/finished_run.ts';

let directory: string;
let run: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-publish-test-'));
  run = await finishedRun(directory);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function publish(hub: Pick<WritableHub, 'url'>, options: Partial<PublishOptions> = {}) {
  const told: string[] = [];
  const published = await publishCommand(run, {
    repo: 'me/sums',
    merged: false,
    dtype: 'float32',
    checkpoint: null,
    private: false,
    revision: 'main',
    dryRun: false,
    unfinished: false,
    env: { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_writes', HF_HOME: directory },
    notify: (message) => told.push(message),
    retryMs: 1,
    ...options,
  });
  return { ...published, told };
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const left = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('cookbook-publish-') && !name.includes('test'));

describe.each(['basic', 'multipart'] as const)('large files go up by the transfer %s', (transfer) => {
  it('the adapter and its card are in the repository, byte for byte', async () => {
    const hub = await writableHub({ transfer });
    const { result, lines, told } = await publish(hub);
    const held = hub.files.get('me/sums@main') ?? new Map();
    expect([...held.keys()].sort()).toEqual(result.files.map(({ path }) => path));
    expect(result.files.map(({ path }) => path)).toContain('adapter_model.safetensors');
    const to = join(directory, `exported_${transfer}`);
    await exportWeights(run, { to, format: 'peft', checkpoint: null, dtype: 'float32' });
    const weights = await readFile(join(to, 'adapter_model.safetensors'));
    expect(digest(held.get('adapter_model.safetensors') ?? Buffer.alloc(0))).toBe(digest(weights));
    for (const [path, contents] of held) expect(contents.includes(directory), path).toBe(false);
    expect(JSON.parse(String(held.get('adapter_config.json')))).toMatchObject({ base_model_name_or_path: 'model' });
    expect(held.get('README.md')?.toString()).toBe(result.card);
    expect(hub.titles).toEqual(['Publish final of run (2 steps)']);
    expect(hub.made).toEqual({ 'me/sums': false });
    expect(lines.at(-1)).toBe(`${hub.url}/me/sums/commit/${'a'.repeat(40)}`);
    expect(told).toContain('made the repository me/sums');
    expect(await left()).toEqual([]);
  });
});

it('the whole model is published with --merged, in a private repository and on a branch of its own', async () => {
  const hub = await writableHub();
  const { result } = await publish(hub, { merged: true, private: true, revision: 'v1' });
  expect([...(hub.files.get('me/sums@v1')?.keys() ?? [])]).toContain('model.safetensors');
  expect(hub.made).toEqual({ 'me/sums': true });
  expect(hub.requests).toContain('POST /api/models/me/sums/branch/v1');
  const [, front = ''] = result.card.split('---\n');
  expect(parse(front)).toMatchObject({ library_name: 'transformers', pipeline_tag: 'text-generation' });
});

it('weights that were published before in another form go with the same commit, and nothing else does', async () => {
  const hub = await writableHub();
  await publish(hub);
  hub.files.get('me/sums@main')?.set('eval/results.json', Buffer.from('{}'));
  const { told } = await publish(hub, { merged: true });
  const held = [...(hub.files.get('me/sums@main')?.keys() ?? [])];
  expect(held.filter((path) => path.startsWith('adapter'))).toEqual([]);
  expect(held).toEqual(expect.arrayContaining(['model.safetensors', 'config.json', 'eval/results.json', 'README.md']));
  expect(told).toContain('deletes adapter_model.safetensors, weights that were published before');
  await publish(hub);
  expect([...(hub.files.get('me/sums@main')?.keys() ?? [])]).not.toContain('model.safetensors');
});

it('a listing without end comes to one, and nothing is committed', async () => {
  const hub = await writableHub({ repositories: { 'me/sums': false }, endless: true });
  hub.files.set('me/sums@main', new Map([['notes.txt', Buffer.alloc(0)]]));
  await expect(publish(hub)).rejects.toThrow(
    'the hub lists the files of me/sums without end: after 1,000,000 files or 2,000 pages there are still more',
  );
  expect(hub.titles).toEqual([]);
  expect(await left()).toEqual([]);
});

it('the card tells what decided the run, and nothing of where and how it ran', async () => {
  const hub = await writableHub();
  const { result } = await publish(hub, { dryRun: true });
  const spec: unknown = parse(result.card.split('```yaml\n').at(-1)?.split('```')[0] ?? '');
  expect(spec).toMatchObject({ trainer: 'rl', model_name: 'model', seed: 0, lora_rank: 4 });
  expect(spec).not.toMatchObject({ save_every: 1 });
  expect(result.card).not.toMatch(/log_path|if_exists|threads/);
});

it('a dry run shows the files and the card, needs no token, and asks nobody', async () => {
  const hub = await writableHub();
  const { result, lines } = await publish(hub, { dryRun: true, env: { HF_ENDPOINT: hub.url, HF_HOME: directory } });
  expect(hub.requests).toEqual([]);
  expect(result).toMatchObject({ commit: null, url: null });
  expect(lines.join('\n')).toContain('adapter_model.safetensors');
  expect(lines.join('\n')).toContain('# sums');
});

it('a repository that is there is committed to; one that all can read is not taken for a private one', async () => {
  const hub = await writableHub({ repositories: { 'me/sums': false } });
  await publish(hub);
  expect(hub.titles).toHaveLength(1);
  await expect(publish(hub, { private: true })).rejects.toThrow('me/sums is there already, and everybody can read it');
  expect(hub.titles).toHaveLength(1);
});

describe('what a hub refuses is told in one line, without the token', () => {
  it.each([
    ['create', [401], 'It does not know the token: look at HF_TOKEN.'],
    [
      'create',
      [403],
      'The token may not write to me/sums: it needs the role "write", and you a place in the organization.',
    ],
    [
      'preupload',
      [403],
      'The token may not write to me/sums: it needs the role "write", and you a place in the organization.',
    ],
    ['batch', [413], 'A file is too large for it.'],
    ['object', [422], 'Nothing was committed.'],
    ['part', [400], 'Nothing was committed.'],
    ['commit', [409], 'Something else was committed at the same time: run the command again.'],
    ['commit', [500, 500, 500], 'Try again later.'],
    ['create', [429, 429, 429], 'Try again later.'],
  ] as const)('%s: %s', async (route, statuses, hint) => {
    const hub = await writableHub({ faults: { [route]: statuses } });
    const error: unknown = await publish(hub).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'PublishError', hint });
    expect(error instanceof Error ? error.message : '').toContain(`refuses me/sums: `);
    expect(error instanceof Error ? error.message : '').not.toContain('hf_writes');
    expect(hub.files.size).toBe(0);
    expect(await left()).toEqual([]);
  });

  it('what fails for a moment is tried again', async () => {
    const hub = await writableHub({ faults: { create: [503], batch: [500], commit: [500] } });
    const { told } = await publish(hub);
    expect(hub.titles).toHaveLength(1);
    expect(told.filter((message) => message.endsWith('trying again'))).toHaveLength(3);
  });

  it('nobody listens there', async () => {
    const error: unknown = await publish({ url: 'http://127.0.0.1:9' }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'PublishError' });
  });
});

it('figures are those of the weights that are published: another checkpoint than the last has none', async () => {
  const hub = await writableHub();
  const dry = { dryRun: true, env: { HF_ENDPOINT: hub.url, HF_HOME: directory } };
  const { result } = await publish(hub, dry);
  expect(result.card).toContain('## Measured');
  expect(result.card).toContain('| steps | 2 |');
  const { result: other } = await publish(hub, { ...dry, checkpoint: '000001' });
  expect(other.card).toContain('| steps | 1 |');
  expect(other.card).not.toContain('## Measured');
  expect(other.card).not.toContain('model-index');
});

describe('nothing is sent', () => {
  it.each([
    [{ repo: 'sums' }, '--repo sums: expected ORG/NAME, such as my-name/my-model'],
    [{ repo: '../x/y' }, '--repo ../x/y: expected ORG/NAME, such as my-name/my-model'],
    [{ revision: '../main' }, '--revision ../main: expected the name of a branch, such as main'],
    [{ env: { HF_HOME: '/nowhere' } }, 'there is no token to publish with'],
    [{ env: { HF_TOKEN: 'secret' } }, 'does not begin with hf_ as tokens of the hub do'],
    [{ env: { HF_TOKEN: 'hf_x', HF_HUB_OFFLINE: '1' } }, 'HF_HUB_OFFLINE is set'],
  ])('%j', async (options, message) => {
    const hub = await writableHub();
    const env = { HF_ENDPOINT: hub.url, ...('env' in options ? options.env : { HF_TOKEN: 'hf_writes' }) };
    await expect(publish(hub, { ...options, env })).rejects.toThrow(message);
    expect(hub.requests).toEqual([]);
  });

  it('of a run that is not finished, unless that is asked for', async () => {
    const hub = await writableHub();
    const status = join(run, 'status.json');
    const text = await readFile(status, 'utf8');
    await writeFile(status, text.replace('"state": "done"', '"state": "interrupted"'));
    try {
      await expect(publish(hub)).rejects.toThrow('is interrupted: it has not come to an end that is worth publishing');
      expect(hub.requests).toEqual([]);
      await publish(hub, { unfinished: true });
      expect(hub.titles).toHaveLength(1);
    } finally {
      await writeFile(status, text);
    }
  });
});
