// Routes that manage what has been trained: runs and their checkpoints.

import type { Context, Hono } from 'hono';
import type { ExactJsonObject } from '../wire/json.ts';
import { checkpointKind, checkpointPath } from './checkpoint_paths.ts';
import { bodyOf, jsonAnswer, noContent } from './http.ts';
import { Refusal } from './refusal.ts';
import { ttlOf } from './requests.ts';
import type { CheckpointRecord, RunRecord } from './run_record.ts';
import type { TinkerServer } from './tinker_server.ts';

const RUNS_SHOWN = 20;
const CHECKPOINTS_SHOWN = 100;
const MOST_SHOWN = 1000;

export function checkpointRoutes(app: Hono, { checkpoints, limits }: TinkerServer): void {
  app.get('/training_runs', (context) => {
    const { shown, cursor } = page(context, checkpoints.runs(), RUNS_SHOWN);
    return jsonAnswer({ training_runs: shown.map(runJson), cursor });
  });
  app.get('/training_runs/:run', (context) => jsonAnswer(runJson(checkpoints.run(context.req.param('run')))));
  app.get('/training_runs/:run/checkpoints', (context) => {
    const { shown, cursor } = page(
      context,
      checkpointsOf(checkpoints.run(context.req.param('run'))),
      CHECKPOINTS_SHOWN,
    );
    return jsonAnswer({ checkpoints: shown, cursor });
  });
  app.get('/checkpoints', (context) => {
    const all = checkpoints.runs().flatMap(checkpointsOf);
    const { shown, cursor } = page(context, all, CHECKPOINTS_SHOWN);
    return jsonAnswer({ checkpoints: shown, cursor });
  });

  const one = '/training_runs/:run/checkpoints/:kind/:name';
  app.delete(one, async (context) => {
    await checkpoints.remove(pathOf(context));
    return noContent();
  });
  app.put(`${one}/ttl`, async (context) => {
    await checkpoints.setExpiry(pathOf(context), ttlOf(await bodyOf(context, limits.bodyBytes)));
    return noContent();
  });
  app.post(`${one}/publish`, async (context) => {
    await checkpoints.setPublic(pathOf(context), true);
    return noContent();
  });
  app.delete(`${one}/publish`, async (context) => {
    await checkpoints.setPublic(pathOf(context), false);
    return noContent();
  });
}

function pathOf({ req }: Context): string {
  const { run = '', kind: text, name = '' } = req.param();
  const kind = checkpointKind(text);
  if (kind !== null) return checkpointPath({ run, kind, name });
  throw new Refusal(400, `there are checkpoints of the kinds weights and sampler_weights, and none of ${text}`);
}

function page<T>({ req }: Context, all: readonly T[], usual: number) {
  const limit = Math.min(countOf('limit', req.query('limit')) ?? usual, MOST_SHOWN);
  const offset = countOf('offset', req.query('offset')) ?? 0;
  return { shown: all.slice(offset, offset + limit), cursor: { offset, limit, total_count: all.length } };
}

function countOf(name: string, text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Refusal(400, `${name}: must be an integer from 0, not ${JSON.stringify(text)}`);
}

function runJson(run: RunRecord): ExactJsonObject {
  const all = checkpointsOf(run);
  const last = (type: string) => all.find(({ checkpoint_type }) => checkpoint_type === type) ?? null;
  return {
    training_run_id: run.training_run_id,
    base_model: run.base_model,
    model_owner: 'local',
    is_lora: true,
    corrupted: false,
    lora_rank: run.lora_rank,
    last_request_time: run.last_request_time,
    last_checkpoint: last('training'),
    last_sampler_checkpoint: last('sampler'),
    user_metadata: run.user_metadata,
  };
}

/** Newest first. */
function checkpointsOf({ training_run_id: run, checkpoints }: RunRecord) {
  const now = Date.now();
  const alive = ({ expires_at }: CheckpointRecord) => expires_at === null || Date.parse(expires_at) > now;
  return checkpoints
    .filter(alive)
    .reverse()
    .map(({ kind, name, time, size_bytes, expires_at, user_metadata, public: isPublic }) => ({
      checkpoint_id: `${kind}/${name}`,
      checkpoint_type: kind === 'weights' ? 'training' : 'sampler',
      time,
      tinker_path: checkpointPath({ run, kind, name }),
      size_bytes,
      public: isPublic,
      expires_at,
      user_metadata,
    }));
}
