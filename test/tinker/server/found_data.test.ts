// What a server makes of a data directory as somebody else, or a kill, has left it.

import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { openModel, openServer } from '../../support/tinker_server.ts';

/** A data directory with one checkpoint, the directory of its run, and its record. */
async function servedBefore() {
  const data = await temporaryDirectory();
  const { client, close } = await openServer({ data });
  const { model_id } = await openModel(client);
  await client.done('save_weights', { model_id, seq_id: 1, path: 'one' });
  await close();
  const run = join(data, 'runs', model_id.replaceAll(':', '-'));
  return { data, run, record: JSON.parse(await readFile(join(run, 'training_run.json'), 'utf8')) };
}

async function listed(data: string) {
  const { client, failures } = await openServer({ data });
  const { checkpoints } = Object((await client.send('GET', 'checkpoints')).body);
  return { ids: checkpoints.map((each: { checkpoint_id: string }) => each.checkpoint_id), failures };
}

describe('a server that finds', () => {
  it('a record that was half written when it was killed deletes it', async () => {
    const { data, run } = await servedBefore();
    await writeFile(join(run, 'training_run.json.tmp-0123456789ab'), '{');
    expect((await listed(data)).ids).toEqual(['weights/one']);
    expect((await readdir(run)).sort()).toEqual(['training_run.json', 'weights']);
  });

  it('a line of a checkpoint whose contents are gone does not serve it, and says so', async () => {
    const { data, run, record } = await servedBefore();
    const gone = { ...record.checkpoints[0], name: 'gone', directory: 'weights/gone-0123456789ab' };
    const changed = { ...record, checkpoints: [...record.checkpoints, gone] };
    await writeFile(join(run, 'training_run.json'), JSON.stringify(changed));
    expect(await listed(data)).toEqual({
      ids: ['weights/one'],
      failures: [expect.stringMatching(/weights\/gone is gone from .*, and is not served/)],
    });
  });

  it('a record that names a place outside of its run leaves that place alone', async () => {
    const { data, run, record } = await servedBefore();
    const victim = join(data, 'victim');
    await mkdir(victim);
    const { directory: _, ...first } = record.checkpoints[0];
    const outside = { ...first, name: '../../../victim', expires_at: '2020-01-01T00:00:00.000Z' };
    await writeFile(join(run, 'training_run.json'), JSON.stringify({ ...record, checkpoints: [outside] }));
    const { client, failures } = await openServer({ data });
    expect(failures).toEqual([expect.stringContaining('its checkpoints are not served')]);
    expect(Object((await client.send('GET', 'checkpoints')).body).checkpoints).toEqual([]);
    expect(await readdir(data)).toContain('victim');
  });

  it('files in the place of directories serves the others', async () => {
    const { data } = await servedBefore();
    await mkdir(join(data, 'runs', 'odd'));
    await writeFile(join(data, 'runs', 'odd', 'weights'), 'a file');
    await writeFile(join(data, 'runs', 'file'), 'a file');
    expect((await listed(data)).ids).toEqual(['weights/one']);
  });

  it('a link in the place of a directory deletes nothing behind it', async () => {
    const { data } = await servedBefore();
    const elsewhere = await temporaryDirectory();
    for (const name of ['mine-0123456789ab', 'mine.tmp']) await mkdir(join(elsewhere, name));
    await mkdir(join(data, 'runs', 'odd'));
    await symlink(elsewhere, join(data, 'runs', 'odd', 'weights'));
    expect((await listed(data)).ids).toEqual(['weights/one']);
    expect(await readdir(elsewhere)).toHaveLength(2);
  });
});
