// A server whose disk is full: it says so, leaves nothing half-written that would keep it full, and goes on when there is room.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAN_MOUNT, fill, smallDisk } from '../../support/small_disk.ts';
import { type JsonClient, openModel, openServer } from '../../support/tinker_server.ts';

/** Names of what lies in the directory of the only run, below one kind of checkpoints. */
async function saved(data: string, kind: string): Promise<string[]> {
  const [run = ''] = await readdir(join(data, 'runs'));
  return await readdir(join(data, 'runs', run, kind));
}

const save = (client: JsonClient, model_id: string, seq_id: number, path: string) =>
  client.done('save_weights', { model_id, seq_id, path });

describe.runIf(CAN_MOUNT)('on a full disk, a server', () => {
  it('leaves nothing of a checkpoint that found no room', async () => {
    const data = await smallDisk(500);
    const { client } = await openServer({ data });
    const { model_id } = await openModel(client);
    const refused = { category: 'server', error: expect.stringContaining('Free some space there') };
    for (const seq of [1, 2, 3]) expect(await save(client, model_id, seq, `n${seq}`)).toMatchObject(refused);
    expect(await saved(data, 'weights')).toEqual([]);
  });

  it('deletes all the same, and what was deleted stays so', async () => {
    const data = await smallDisk(4000);
    const first = await openServer({ data });
    const { model_id } = await openModel(first.client);
    for (const [i, name] of ['one', 'two'].entries()) await save(first.client, model_id, i + 1, name);
    await fill(data);
    const one = `training_runs/${encodeURIComponent(model_id)}/checkpoints/weights/one`;
    expect((await first.client.send('DELETE', one)).status).toBe(204);
    expect((await first.client.send('POST', `${one.slice(0, -3)}two/publish`)).status).toBe(204);
    await first.close();

    const { client } = await openServer({ data });
    const { checkpoints } = Object((await client.send('GET', 'checkpoints')).body);
    expect(checkpoints).toMatchObject([{ checkpoint_id: 'weights/two', public: true }]);
  });
});
