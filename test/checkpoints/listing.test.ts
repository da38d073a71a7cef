import { expect, it } from 'vitest';
import { setPublic, setTtl, ttlOf } from '../../src/checkpoints/change.ts';
import { deleteCheckpoint } from '../../src/checkpoints/delete.ts';
import { listCheckpoints } from '../../src/checkpoints/listing.ts';
import { checkpointTable } from '../../src/checkpoints/table.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { openModel, openServer } from '../support/tinker_server.ts';
import { listedAs, serve } from './support/checkpoint_service.ts';
import { runDirectory, saved } from './support/runs.ts';

const told: string[] = [];
const at = (url: string) => ({ env: { TINKER_BASE_URL: url }, notify: (message: string) => void told.push(message) });
const shown = async (target: string | null, url: string, width?: number) =>
  checkpointTable(await listCheckpoints(target, at(url)), width);

it('what a server of this package has is listed, published, given a time to live and deleted', async () => {
  const { url, client } = await openServer();
  const { model_id } = await openModel(client);
  const save = (name: string, seq_id: number) => client.done('save_weights', { model_id, path: name, seq_id });
  await save('000010', 1);
  await client.done('save_weights_for_sampler', { model_id, path: 'final', seq_id: 2 });
  const [weights, sampler] = [`tinker://${model_id}/weights/000010`, `tinker://${model_id}/sampler_weights/final`];
  const options = { ...at(url), checkpoint: null };
  expect(await setPublic(sampler, true, options)).toEqual([sampler]);
  await setTtl(weights, ttlOf('2h'), options);
  const all = await listCheckpoints(url, at('http://127.0.0.1:1'));
  expect(all).toMatchObject([
    { path: sampler, name: 'final', kind: 'sampler', step: null, expires_at: null, public: true, gone: false },
    { path: weights, name: '000010', kind: 'training', step: 10, public: false, gone: false },
  ]);
  expect(Date.parse(all[1].expires_at ?? '') - Date.now()).toBeGreaterThan(7_000_000);
  expect(all[0].size_bytes).toBeGreaterThan(1000);
  expect(await listCheckpoints(weights, at(url))).toEqual(all);
  await setPublic(sampler, false, options);
  const asked = { ...options, yes: true, force: false, confirm: null };
  expect(await deleteCheckpoint(weights, asked)).toEqual([weights]);
  expect(await listCheckpoints(null, at(url))).toMatchObject([{ path: sampler, public: false }]);
  await expect(deleteCheckpoint(weights, asked)).rejects.toMatchObject({
    hint: 'List what it has with "cookbook checkpoints list".',
  });
});

it('of a run on a service, what its log names is shown with what the service says of it', async () => {
  const run = 'session-1:train:0';
  const { url, heard } = await serve({
    'GET training_runs/session-1%3Atrain%3A0/checkpoints': {
      json: {
        checkpoints: [
          listedAs(`tinker://${run}/weights/000020`, { size_bytes: 12_345_678, expires_at: '2026-10-08T10:00:00Z' }),
          listedAs(`tinker://${run}/sampler_weights/000020`, { size_bytes: 999, public: true }),
          listedAs(`tinker://${run}/weights/mine`, { time: '2026-09-01T00:00:00Z' }),
        ],
      },
    },
  });
  const service = { builder: 'tinker', base_url: url };
  const checkpoints = [saved('000010', 10, run), saved('000020', 20, run)];
  const directory = await runDirectory(await temporaryDirectory(), { service, checkpoints });
  expect(await shown(directory, 'http://127.0.0.1:1')).toMatchInlineSnapshot(`
    [
      "checkpoint                                         kind      step  size     created           expires           public",
      "tinker://session-1:train:0/sampler_weights/000020  sampler   20    999 B    2026-10-01 10:00  never             yes",
      "tinker://session-1:train:0/weights/000020          training  20    12.3 MB  2026-10-01 10:00  2026-10-08 10:00",
      "tinker://session-1:train:0/weights/mine            training                 2026-09-01 00:00  never",
      "tinker://session-1:train:0/sampler_weights/000010  sampler   10    gone",
      "tinker://session-1:train:0/weights/000010          training  10    gone",
    ]
  `);
  expect(await shown(directory, '', 60)).toMatchInlineSnapshot(`
    [
      "checkpoint",
      "    kind      step  size     created           expires           public",
      "tinker://session-1:train:0/sampler_weights/000020",
      "    sampler   20    999 B    2026-10-01 10:00  never             yes",
      "tinker://session-1:train:0/weights/000020",
      "    training  20    12.3 MB  2026-10-01 10:00  2026-10-08 10:00",
      "tinker://session-1:train:0/weights/mine",
      "    training                 2026-09-01 00:00  never",
      "tinker://session-1:train:0/sampler_weights/000010",
      "    sampler   10    gone",
      "tinker://session-1:train:0/weights/000010",
      "    training  10    gone",
    ]
  `);
  expect(heard[0].key).toBe('tml-local');
});

it('of a run with its checkpoints in itself, the directories are listed', async () => {
  const checkpoints = [saved('000010', 10, 'local'), saved('final', 12, 'local', { final: true })];
  const directory = await runDirectory(await temporaryDirectory(), { service: { builder: 'local' }, checkpoints });
  const rows = await listCheckpoints(directory, at(''));
  expect(rows.map(({ path, step, size_bytes }) => [path.slice(directory.length), step, size_bytes])).toEqual([
    ['/checkpoints/sampler_weights/final', 12, 5],
    ['/checkpoints/weights/final', 12, 5],
    ['/checkpoints/sampler_weights/000010', 10, 5],
    ['/checkpoints/weights/000010', 10, 5],
  ]);
  await expect(setPublic(directory, true, { ...at(''), checkpoint: null })).rejects.toThrow(
    /lie on this machine, where nobody publishes$/,
  );
});

it('all pages of a service are read, of one that knows no pages too, and of one that lists runs alone', async () => {
  const paths = Array.from({ length: 5 }, (_, i) => `tinker://run/weights/${String(i).padStart(6, '0')}`);
  const page = (from: number, to: number) => ({
    checkpoints: paths.slice(from, to).map((path) => listedAs(path)),
    cursor: { offset: from, limit: 2, total_count: 5 },
  });
  const pages = await serve({
    'GET checkpoints?limit=100&offset=0': { json: page(0, 2) },
    'GET checkpoints?limit=100&offset=2': { json: page(2, 4) },
    'GET checkpoints?limit=100&offset=4': { json: page(4, 5) },
  });
  const whole = { checkpoints: paths.map((path) => listedAs(path)) };
  const one = await serve({ 'GET checkpoints': { json: whole } });
  const ofRuns = await serve({
    'GET training_runs': { json: { training_runs: [{ training_run_id: 'run', base_model: 'm' }] } },
    'GET training_runs/run/checkpoints': { json: whole },
  });
  for (const { url } of [pages, one, ofRuns]) {
    expect((await listCheckpoints(url, at(''))).map(({ path }) => path)).toEqual(paths.toReversed());
  }
});

it.each([
  ['90m', 5400],
  ['12h', 43_200],
  ['7d', 604_800],
  ['30', 30],
  ['never', null],
])('"%s" is so long', (text, seconds) => expect(ttlOf(text)).toBe(seconds));

it.each(['', '0', '-1h', 'soon', '1w', '1.5h'])('"%s" is no time to live', (text) => {
  expect(() => ttlOf(text)).toThrow(`"${text}" is no time to live`);
});
