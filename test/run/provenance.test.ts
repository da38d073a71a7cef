// Where a run comes from: read from real repositories, and from places that are none.

import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectProvenance } from '../../src/run/provenance.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const IDENTITY = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8', env: { ...process.env, ...IDENTITY } }).trim();
}

async function repository(): Promise<string> {
  const directory = await temporaryDirectory();
  git(directory, 'init', '--quiet', '--initial-branch=topic/x');
  await writeFile(join(directory, 'a.txt'), 'one\n');
  git(directory, 'add', '.');
  git(directory, 'commit', '--quiet', '--message=first');
  return directory;
}

it('names the versions that matter to a result', async () => {
  const { versions } = await collectProvenance(process.cwd());
  expect(versions).toEqual({
    cookbook: expect.stringMatching(/^\d+\.\d+\.\d+/),
    node: process.versions.node,
    onnxruntime: expect.stringMatching(/^\d+\.\d+\.\d+/),
    platform: `${process.platform}-${process.arch}`,
  });
});

describe('a repository', () => {
  it('without changes gives its commit and branch, and an empty diff', async () => {
    const directory = await repository();
    await writeFile(join(directory, 'untracked.txt'), '');
    const { git: found, codeDiff } = await collectProvenance(directory);
    expect(found).toEqual({ commit: git(directory, 'rev-parse', 'HEAD'), branch: 'topic/x', dirty: false });
    expect(codeDiff).toBe('');
  });

  it('with changes, staged or not, gives them all, also from a directory below it', async () => {
    const directory = await repository();
    await writeFile(join(directory, 'a.txt'), 'two\n');
    await writeFile(join(directory, 'b.txt'), 'new\n');
    git(directory, 'add', 'b.txt');
    await mkdir(join(directory, 'below'));
    const { git: found, codeDiff } = await collectProvenance(join(directory, 'below'));
    expect(found?.dirty).toBe(true);
    expect(codeDiff).toContain('-one\n+two\n');
    expect(codeDiff).toContain('+++ b/b.txt');
  });

  it('on no branch says so', async () => {
    const directory = await repository();
    git(directory, 'checkout', '--quiet', '--detach');
    expect((await collectProvenance(directory)).git?.branch).toBeNull();
  });

  it('with a huge change gives its beginning and a note', async () => {
    const directory = await repository();
    await writeFile(join(directory, 'a.txt'), 'a long line of data\n'.repeat(100_000));
    const { codeDiff } = await collectProvenance(directory);
    expect(Buffer.byteLength(codeDiff ?? '')).toBeLessThan(1_001_000);
    expect(codeDiff).toMatch(/\n\[cut here: the whole diff is longer than 1000000 bytes\]\n$/);
  });

  it('without a commit is none', async () => {
    const directory = await temporaryDirectory();
    git(directory, 'init', '--quiet');
    expect(await collectProvenance(directory)).toMatchObject({ git: null, codeDiff: null });
  });
});

it('outside a repository there is less to tell, and no error', async () => {
  expect(await collectProvenance(await temporaryDirectory())).toMatchObject({ git: null, codeDiff: null });
});

it('in a directory that does not exist there is less to tell, and no error', async () => {
  expect(await collectProvenance('/nowhere')).toMatchObject({ git: null, codeDiff: null });
});
