// Where a run comes from: the commit and uncommitted changes of the code around it, and the versions that it ran with.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { RunRecord } from '../run_files/types.ts';
import { isJsonObject } from '../util/json.ts';

/** Larger than any diff that a person reads; a data file that was committed by accident must not fill the run directory. */
const DIFF_LIMIT_BYTES = 1_000_000;

export interface Provenance {
  versions: RunRecord['versions'];
  git: RunRecord['git'];
  /** `git diff HEAD`, cut with a note when it is too long; null without a repository. */
  codeDiff: string | null;
}

/** Collects it for the repository that holds `cwd`. Nothing is an error: without git there is just less to tell. */
export async function collectProvenance(cwd: string): Promise<Provenance> {
  const [versions, git, codeDiff] = await Promise.all([readVersions(), readGit(cwd), readDiff(cwd)]);
  return { versions, git, codeDiff: git === null ? null : codeDiff };
}

export async function readVersions(): Promise<RunRecord['versions']> {
  const require = createRequire(import.meta.url);
  const [cookbook, onnxruntime] = await Promise.all(
    ['../../package.json', 'onnxruntime-node/package.json'].map(async (name) => {
      try {
        const manifest: unknown = JSON.parse(await readFile(require.resolve(name), 'utf8'));
        return isJsonObject(manifest) && typeof manifest.version === 'string' ? manifest.version : null;
      } catch {
        return null;
      }
    }),
  );
  return {
    cookbook: cookbook ?? 'unknown',
    node: process.versions.node,
    onnxruntime: onnxruntime ?? null,
    platform: `${process.platform}-${process.arch}`,
  };
}

/** `dirty` means tracked files that differ from the commit: exactly what the diff shows. Run directories themselves are often untracked. */
async function readGit(cwd: string): Promise<RunRecord['git']> {
  const { output } = await git(cwd, ['status', '--porcelain=v2', '--branch', '--untracked-files=no']);
  const header = (name: string) => output.match(new RegExp(`^# branch\\.${name} (.+)$`, 'm'))?.[1];
  const commit = header('oid');
  const branch = header('head');
  if (commit === undefined || commit === '(initial)') return null;
  return {
    commit,
    branch: branch === undefined || branch === '(detached)' ? null : branch,
    dirty: /^[^#\n]/m.test(output),
  };
}

async function readDiff(cwd: string): Promise<string> {
  const { output, truncated } = await git(cwd, ['diff', '--no-color', '--no-ext-diff', 'HEAD']);
  return truncated ? `${output}\n[cut here: the whole diff is longer than ${DIFF_LIMIT_BYTES} bytes]\n` : output;
}

/** What git prints up to the limit; nothing when it fails or is not installed. */
function git(cwd: string, args: string[]): Promise<{ output: string; truncated: boolean }> {
  return new Promise((done) => {
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
    execFile('git', args, { cwd, env, maxBuffer: DIFF_LIMIT_BYTES }, (error, stdout) => {
      const truncated = error?.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
      done({ output: error === null || truncated ? stdout : '', truncated });
    });
  });
}
