// Sweeps on a real Ray cluster: whoever dies, each run is done once, and no job is submitted twice.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';
import setup from '../support/build.ts';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';
import { type RayHead, rayPython, startRay } from './ray_cluster.ts';

const environment = await rayPython();
if ('missing' in environment) process.stderr.write(`bridges: RAY IS SKIPPED: ${environment.missing}\n`);

describe.skipIf('missing' in environment)('a sweep on Ray', { timeout: 480_000 }, () => {
  let directory: string;
  let ray: RayHead;

  beforeAll(async () => {
    if ('missing' in environment) return;
    setup();
    directory = await mkdtemp('/tmp/ray-');
    ray = await startRay(environment.path, join(directory, 'r'), { RAY_JOB_START_TIMEOUT_SECONDS: '20' });
  }, 480_000);

  afterAll(async () => {
    await ray?.stop();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }, 60_000);

  const execution = (fields = '') =>
    `execution: {max_concurrency: 2, executor: {builder: ray, address: "${ray.address}", poll_s: 0.5${fields}}, resources: {cpus: 1, memory_gb: 0.25}}\n`;

  /** The jobs of a sweep that the cluster knows. */
  async function jobsOf(sweep: ToySweep): Promise<JsonObject[]> {
    const jobs: unknown = await (await fetch(`${ray.address}/api/jobs/`)).json();
    if (!Array.isArray(jobs)) throw new Error('no jobs');
    return jobs.filter(isJsonObject).filter(({ metadata }) => JSON.stringify(metadata).includes(sweep.directory));
  }

  it('goes on through a killed driver and a killed job, and does each run once', async () => {
    const sweep = await ToySweep.create(`grid: {fate: [wait], size: [1, 2, 3, 4, 5, 6]}\n${execution()}`);
    const first = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(2);
    await first.kill('SIGKILL');
    const again = sweep.start('sweep', 'sweep.yaml');
    await sweep.until(async () => again.stderr.split('found ').length > 2);
    // A third one at the same time.
    const beside = sweep.start('sweep', 'sweep.yaml');
    await sweep.until(async () => beside.stderr.split('found ').length > 2);
    expect((await jobsOf(sweep)).length).toBe(2);
    await sweep.killOneRun();
    await sweep.untilWaiting(3);
    await sweep.write('diary.jsonl.go', '');
    expect([await again.ended(), await beside.ended()]).toEqual([0, 0]);

    const states = await sweep.states();
    expect(states.filter((state) => state.endsWith('done, attempt 1')).length).toBe(5);
    expect(states.filter((state) => state.endsWith('done, attempt 2')).length).toBe(1);
    const diary = await sweep.diary();
    for (const run of await sweep.finished()) {
      const steps = diary.filter((entry) => entry.run === run && entry.event === 'step').map(({ step }) => step);
      expect(steps).toEqual([0, 1, 2, 3]);
    }
    // The one that was killed had two.
    const jobs = await jobsOf(sweep);
    expect(jobs.map(({ status }) => status).sort()).toEqual(['FAILED', ...Array(6).fill('SUCCEEDED')]);
    const { code, stdout } = await sweep.run('sweep', 'sweep.yaml', '--json');
    expect([code, JSON.parse(stdout).reused]).toEqual([0, 6]);
    expect((await jobsOf(sweep)).length).toBe(7);
  });

  it('stops its jobs with a checkpoint when it is asked to, and goes on from there', async () => {
    const sweep = await ToySweep.create(`grid: {fate: [wait], size: [1, 2, 3]}\n${execution()}`);
    const first = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(2);
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(3);
    expect(await sweep.states()).toEqual([
      'fate=wait size=1: interrupted, attempt 1',
      'fate=wait size=2: interrupted, attempt 1',
    ]);
    expect((await jobsOf(sweep)).map(({ status }) => status)).toEqual(['STOPPED', 'STOPPED']);
    await sweep.write('diary.jsonl.go', '');
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    expect((await sweep.states()).map((state) => state.split(': ')[1])).toEqual([
      'done, attempt 2',
      'done, attempt 2',
      'done, attempt 1',
    ]);
  });

  it('says what a run says of its failure, and what Ray says where the run cannot', async () => {
    const sweep = await ToySweep.create(`grid: {fate: [fail]}\n${execution()}`);
    expect((await sweep.run('sweep', 'sweep.yaml')).stderr).toContain('data.jsonl:3: no messages');
    const lost = await ToySweep.create(`grid: {size: [1]}\n${execution(', command: [/no/such/program]')}`);
    const { code, stderr } = await lost.run('sweep', 'sweep.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain('its job failed (Job entrypoint command failed with exit code 127');
  });

  it('waits in line again where Ray has given a job up for want of room', async () => {
    const sweep = await ToySweep.create(`grid: {fate: [wait], size: [1, 2]}\n${execution(', entrypoint_num_cpus: 2')}`);
    const child = sweep.start('sweep', 'sweep.yaml');
    await sweep.until(async () => (await jobsOf(sweep)).some(({ status }) => status === 'FAILED'));
    await sweep.write('diary.jsonl.go', '');
    expect(await child.ended()).toBe(0);
    expect((await sweep.states()).map((state) => state.split(': ')[1])).toEqual(['done, attempt 1', 'done, attempt 1']);
  });
});
