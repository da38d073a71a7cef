// What a server holds and has done at this moment, as plain data: what /metrics and the page of the server show.

import type { RunRecord } from '../run_files/types.ts';
import type { OperationCount, RequestCount } from '../tinker/server/counters.ts';
import type { TinkerServer } from '../tinker/server/tinker_server.ts';

export interface ServerState {
  versions: Pick<RunRecord['versions'], 'cookbook' | 'node' | 'onnxruntime'>;
  /** Unix time, in seconds. */
  now: number;
  models: { name: string; max_context_length: number }[];
  sessions: SessionState[];
  training: TrainingState[];
  samplers: SamplerState[];
  /** `waiting`: requests without a result. */
  queue: { waiting: number };
  tokens: { trained: number; scored: number; prompt: number; sampled: number };
  requests: RequestCount[];
  operations: OperationCount[];
  process: { resident_bytes: number; cpu_seconds: number; started_at: number };
}

interface SessionState {
  id: string;
  display_name: string | null;
  age_seconds: number;
  /** Since its client was last heard of. */
  silent_seconds: number;
  training: string[];
  samplers: number;
}

interface TrainingState {
  id: string;
  base_model: string;
  lora_rank: number;
  /** Steps of the optimizer. */
  steps: number;
  checkpoints: number;
}

interface SamplerState {
  id: string;
  base_model: string;
  model_path: string | null;
  has_weights: boolean;
  /** Of a model in training, under no name: of its weights there is no path. */
  is_snapshot: boolean;
  /** Requests that it answers. */
  busy: number;
}

/** `waitingElsewhere`: requests that wait and are no futures. */
export function serverState(
  { backend, checkpoints, counters, futures, runs, samplers, sessions }: TinkerServer,
  { versions, waitingElsewhere }: { versions: ServerState['versions']; waitingElsewhere: number },
): ServerState {
  const now = Date.now();
  const secondsSince = (time: number) => (now - time) / 1000;
  const { user, system } = process.cpuUsage();
  return {
    versions,
    now: now / 1000,
    models: backend.models.map(({ name, max_context_length }) => ({ name, max_context_length })),
    sessions: sessions.open().map(({ id, display_name, created_at, heardAt, models, samplers: made }) => ({
      id,
      display_name,
      age_seconds: secondsSince(Date.parse(created_at)),
      silent_seconds: secondsSince(heardAt),
      training: [...models],
      samplers: made.size,
    })),
    training: runs.all().map(({ id, model, steps }) => {
      const { lora_rank, checkpoints: saved } = checkpoints.run(id);
      return { id, base_model: model.name, lora_rank, steps, checkpoints: saved.length };
    }),
    samplers: samplers.list().map(({ id, base_model, model_path, hasWeights, isSnapshot, busy }) => ({
      id,
      base_model,
      model_path,
      has_weights: hasWeights,
      is_snapshot: isSnapshot,
      busy,
    })),
    queue: { waiting: futures.pending + waitingElsewhere },
    tokens: { ...counters.tokens },
    requests: counters.requests(),
    operations: counters.operations(),
    process: {
      resident_bytes: process.memoryUsage.rss(),
      cpu_seconds: (user + system) / 1e6,
      started_at: counters.startedAt / 1000,
    },
  };
}
