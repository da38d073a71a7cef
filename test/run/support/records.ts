// Records of runs of the toy trainer, as the spec stage would hand them on.

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { Registry } from '../../../src/registry/registry.ts';
import { makeRunRecord } from '../../../src/run/record.ts';
import { headlineOf } from '../../../src/run/trainer.ts';
import type { RunRecord } from '../../../src/run_files/types.ts';
import type { RunSpec } from '../../../src/spec/types.ts';
import { canonicalJson, type JsonObject } from '../../../src/util/json.ts';
import { toyService, toyTrainer } from './toy.ts';

export function toyRegistry(): Registry {
  return new Registry([toyService, toyTrainer]);
}

/** The record of a toy run at `log_path`; `fields` are those of the spec. */
export function toyRecord(log_path: string, fields: JsonObject = {}): RunRecord {
  const semantic = { max_steps: 8, rate: 0.1 };
  const runtime = { save_every: 3, misbehave: '' };
  const spec: RunSpec = {
    trainer: 'toy',
    log_path,
    seed: 0,
    service: { builder: 'toy' },
    if_exists: 'ask',
    plugins: [],
    ...semantic,
    ...runtime,
    ...fields,
  };
  const config = Object.fromEntries(Object.keys(semantic).map((key) => [key, spec[key]]));
  const hash = (value: JsonObject) => createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 12);
  return makeRunRecord({
    name: basename(log_path),
    identity: {
      version: 1,
      hash: hash({ config, seed: spec.seed }),
      config_hash: hash(config),
      config,
      seed: spec.seed,
    },
    spec,
    headline: headlineOf(spec, toyRegistry()),
    provenance: {
      versions: { cookbook: '0.1.0', node: '20.20.2', onnxruntime: null, platform: 'linux-x64' },
      git: null,
      codeDiff: null,
    },
    argv: ['run', 'toy.yaml'],
  });
}
