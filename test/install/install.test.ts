// What npm does with the package, in a directory that is not this repository and reaches the npm registry alone.

import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

/** Runs a program in a directory; both of its streams, and an error with them where it fails. */
async function spoken(cwd: string, path: string, program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args, {
    cwd,
    // Settings of who runs the tests are none of the package's: npm warns of those that it does not know.
    env: { HOME: process.env.HOME, PATH: path, NO_COLOR: '1', npm_config_userconfig: '/dev/null' },
    timeout: 240_000,
    maxBuffer: 1 << 26,
  });
  return `${stderr}${stdout}`;
}

/** Puts an npm of a major version in front of PATH. */
async function npmOf(major: number): Promise<string> {
  const directory = await temporaryDirectory();
  await spoken(directory, process.env.PATH ?? '', 'npm', 'install', '--no-audit', '--no-fund', `npm@${major}`);
  return [join(directory, 'node_modules/.bin'), process.env.PATH].join(delimiter);
}

const CONFIG = `trainer: supervised
log_path: runs/mine
model_name: node_modules/tinker-cookbook/example_data/models/tiny
dataset: {builder: conversation_file, file_path: mine.jsonl, batch_size: 2}
learning_rate: 1e-2
max_steps: 2
`;

const ROWS = ['Good morning!', 'Good evening!', 'Good night!', 'Goodbye!']
  .map((text) => ({
    messages: [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: text },
    ],
  }))
  .map((row) => `${JSON.stringify(row)}\n`)
  .join('');

describe.each([10, 11])('with npm %i', (major) => {
  it('the packed tarball installs without a flag or a warning, and trains from a config of the user', async () => {
    const path = await npmOf(major);
    const packed = await temporaryDirectory();
    await spoken(ROOT, path, 'npm', 'pack', '--pack-destination', packed);
    const [tarball] = await readdir(packed);
    const home = await temporaryDirectory();
    const said = await spoken(home, path, 'npm', 'install', join(packed, tarball));
    expect(said).not.toMatch(/warn|error/i);
    await writeFile(join(home, 'mine.yaml'), CONFIG);
    await writeFile(join(home, 'mine.jsonl'), ROWS);
    expect(await spoken(home, path, 'npx', 'cookbook', 'run', 'mine.yaml')).toContain('mine is done after 2 steps');
  });

  it('a clone installs without a warning, and runs its first command', async () => {
    const path = await npmOf(major);
    const clone = join(await temporaryDirectory(), 'clone');
    await mkdir(clone);
    await run('git', ['clone', '--quiet', ROOT, clone]);
    expect(await spoken(clone, path, 'npm', 'ci')).not.toMatch(/warn|error/i);
    const said = await spoken(clone, path, 'npx', 'cookbook', 'run', 'configs/sl_basic.yaml', 'max_steps=2');
    expect(said).toContain('sl_basic is done after 2 steps');
    expect(said).not.toContain('warn');
  });
});
