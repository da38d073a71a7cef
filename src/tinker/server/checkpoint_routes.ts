// Routes that manage what has been trained: runs and their checkpoints.

import type { Context, Hono } from 'hono';
import type { ExactJsonObject } from '../wire/json.ts';
import { checkpointKind, checkpointPath, KINDS } from './checkpoint_paths.ts';
import { isExpired } from './checkpoints.ts';
import { ARCHIVE, PEFT_FILES } from './downloads.ts';
import { calledOrigin, jsonAnswer, noContent } from './http.ts';
import { page } from './paging.ts';
import { Refusal } from './refusal.ts';
import { ttlOf } from './requests.ts';
import type { RunRecord } from './run_record.ts';
import type { TinkerServer } from './tinker_server.ts';

const RUNS_SHOWN = 20;
const CHECKPOINTS_SHOWN = 100;

export function checkpointRoutes(app: Hono, { bodies, checkpoints, downloads }: TinkerServer): void {
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
    await checkpoints.setExpiry(pathOf(context), ttlOf(await bodies.json(context)));
    return noContent();
  });
  app.post(`${one}/publish`, async (context) => {
    await checkpoints.setPublic(pathOf(context), true);
    return noContent();
  });
  // Clients up to 0.25 download this; later ones save weights that leave the server, and download their files.
  app.get(`${one}/archive`, (context) => {
    const path = pathOf(context);
    checkpoints.find(path);
    const { urls, expires } = downloads.urls(calledOrigin(context), path, [ARCHIVE]);
    return jsonAnswer({ url: urls[ARCHIVE], expires });
  });
  app.get(`${one}/external_weights_urls`, (context) => {
    const path = pathOf(context);
    const { kind } = checkpoints.find(path).checkpoint;
    if (kind !== 'external_weights') throw new Refusal(400, `${path} is of no kind that leaves the server`);
    return jsonAnswer({ ...downloads.urls(calledOrigin(context), path, PEFT_FILES) });
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
  throw new Refusal(400, `there are checkpoints of the kinds ${Object.keys(KINDS).join(', ')}, and none of ${text}`);
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
  return checkpoints
    .filter((each) => !isExpired(each, now))
    .reverse()
    .map(({ kind, name, time, size_bytes, expires_at, user_metadata, public: isPublic }) => ({
      checkpoint_id: `${kind}/${name}`,
      checkpoint_type: KINDS[kind].type,
      time,
      tinker_path: checkpointPath({ run, kind, name }),
      size_bytes,
      public: isPublic,
      expires_at,
      user_metadata,
    }));
}
