// Run directories as they lie on disk, with checkpoints that are a few bytes each.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../../src/util/json.ts';

interface RunOptions {
  service: JsonObject;
  state?: string;
  checkpoints: JsonObject[];
}

/** A run called `run`; of the service `local` its checkpoints are there. */
export async function runDirectory(directory: string, { service, state = 'done', checkpoints }: RunOptions) {
  const run = join(directory, 'run');
  await mkdir(run);
  const record = {
    schema_version: 1,
    name: 'run',
    identity: { hash: 'a', config_hash: 'b' },
    spec: { model_name: '/models/tiny', service },
  };
  await writeFile(join(run, 'run.json'), JSON.stringify(record));
  await writeFile(join(run, 'status.json'), JSON.stringify({ schema_version: 1, state }));
  await writeFile(join(run, 'checkpoints.jsonl'), checkpoints.map((line) => `${JSON.stringify(line)}\n`).join(''));
  for (const path of checkpoints.flatMap(({ state_path, sampler_path }) => [state_path, sampler_path])) {
    const local = typeof path === 'string' && path.startsWith('tinker://local/') ? path.slice(15) : null;
    if (local === null) continue;
    await mkdir(join(run, 'checkpoints', local), { recursive: true });
    await writeFile(join(run, 'checkpoints', local, 'adapter_model.safetensors'), '12345');
  }
  return run;
}

export function saved(name: string, batch: number, run: string, more: JsonObject = {}): JsonObject {
  return {
    name,
    batch,
    epoch: 0,
    state_path: `tinker://${run}/weights/${name}`,
    sampler_path: `tinker://${run}/sampler_weights/${name}`,
    ...more,
  };
}
