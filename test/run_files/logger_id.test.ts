// loggers.json: a run directory keeps its name wherever it is brought, and a copy of one that is still there gets its own.

import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loggerId } from '../../src/run_files/logger_id.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

async function begun(): Promise<{ parent: string; a: string; id: string }> {
  const parent = await temporaryDirectory();
  const a = join(parent, 'a');
  mkdirSync(a);
  return { parent, a, id: (await loggerId(a, a)).id };
}

const copied = (from: string, to: string) => cpSync(from, to, { recursive: true });

describe('the name of a run directory', () => {
  it('stays the same from attempt to attempt, also by way of a link', async () => {
    const { parent, a, id } = await begun();
    symlinkSync(a, join(parent, 'link'));
    expect(await loggerId(a, a)).toEqual({ id, copyOf: null });
    expect(await loggerId(join(parent, 'link'), join(parent, 'link'))).toEqual({ id, copyOf: null });
  });

  it('is that of the original alone: a copy gets another, and keeps it', async () => {
    const { parent, a, id } = await begun();
    const b = join(parent, 'b');
    copied(a, b);
    const ofCopy = await loggerId(b, a);
    expect(ofCopy).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/), copyOf: id });
    expect(ofCopy.id).not.toBe(id);
    expect(await loggerId(b, a)).toEqual(ofCopy);
    expect(await loggerId(a, a)).toEqual({ id, copyOf: null });
    const c = join(parent, 'c');
    copied(b, c);
    expect((await loggerId(c, a)).copyOf).toBe(ofCopy.id);
  });

  it('goes along with a directory that is moved, and with its copies after that', async () => {
    const { parent, a, id } = await begun();
    const b = join(parent, 'b');
    renameSync(a, b);
    expect(await loggerId(b, a)).toEqual({ id, copyOf: null });
    copied(b, join(parent, 'c'));
    expect((await loggerId(join(parent, 'c'), a)).copyOf).toBe(id);
  });

  it('goes along to a machine that the directory is brought to, and back', async () => {
    const { parent, a, id } = await begun();
    // What one machine has is out of the sight of the other.
    const [here, there] = [join(parent, 'here'), join(parent, 'there')];
    const remote = join(parent, 'remote');
    copied(a, remote);
    renameSync(a, here);
    expect(await loggerId(remote, a)).toEqual({ id, copyOf: null });
    copied(join(remote, 'loggers.json'), join(here, 'loggers.json'));
    renameSync(remote, there);
    renameSync(here, a);
    // A copy is told from the original although the last attempt was elsewhere.
    copied(a, join(parent, 'b'));
    expect((await loggerId(join(parent, 'b'), a)).copyOf).toBe(id);
    expect(await loggerId(a, a)).toEqual({ id, copyOf: null });
  });

  it('stays where a copy was put back, and is another where the original was emptied meanwhile', async () => {
    const { parent, a, id } = await begun();
    const kept = join(parent, 'kept');
    copied(a, kept);
    rmSync(a, { recursive: true });
    copied(kept, a);
    expect(await loggerId(a, a)).toEqual({ id, copyOf: null });
    rmSync(join(a, 'loggers.json'));
    expect((await loggerId(a, a)).id).not.toBe(id);
    expect(await loggerId(kept, a)).toEqual({ id, copyOf: null });
  });

  it('that an older version has given stays, and what cannot be read is replaced', async () => {
    const { parent, a } = await begun();
    const id = '0123456789abcdef0123456789abcdef';
    writeFileSync(join(a, 'loggers.json'), JSON.stringify({ id }));
    copied(a, join(parent, 'b'));
    expect(await loggerId(a, a)).toEqual({ id, copyOf: null });
    expect((await loggerId(join(parent, 'b'), a)).copyOf).toBe(id);
    writeFileSync(join(a, 'loggers.json'), JSON.stringify({ id, directory: '../elsewhere' }));
    const made = await loggerId(a, a);
    expect([made.id === id, made.copyOf]).toEqual([false, null]);
    expect(JSON.parse(readFileSync(join(a, 'loggers.json'), 'utf8'))).toMatchObject({ id: made.id });
  });
});
