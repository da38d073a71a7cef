// Routes of checkpoints as weights: what one is of, and copies of it.

import { randomUUID } from 'node:crypto';
import type { Hono } from 'hono';
import { WireError } from '../wire/error.ts';
import type { ExactJsonObject } from '../wire/json.ts';
import { jsonAnswer } from './http.ts';
import { Refusal } from './refusal.ts';
import { countOrNull, textOf, textOrNull, ttlOf } from './requests.ts';
import type { TinkerServer } from './tinker_server.ts';

/** Of copies that are known by the keys of their requests: clients send a request again for minutes. */
const MAX_KEYS = 1000;

export function weightsRoutes(app: Hono, { bodies, checkpoints, sessions }: TinkerServer): void {
  const copies = new Map<string, Promise<string>>();

  app.post('/weights_info', async (context) => {
    const { run } = checkpoints.find(textOf(await bodies.json(context), 'tinker_path'));
    const { base_model, lora_rank, train_attn, train_mlp, train_unembed } = run;
    const adapter = { is_lora: true, lora_rank, train_attn, train_mlp, train_unembed };
    return jsonAnswer({ base_model, ...adapter, optimizer_config: { type: 'adamw' } });
  });

  app.post('/copy_weights', async (context) => {
    const body = await bodies.json(context);
    const key = context.req.header('X-Idempotency-Key') ?? randomUUID();
    const copy = copies.get(key) ?? copied(body);
    copies.set(key, copy);
    // One that failed may be tried again.
    copy.catch(() => copies.delete(key));
    for (const oldest of copies.keys()) {
      if (copies.size <= MAX_KEYS) break;
      copies.delete(oldest);
    }
    return jsonAnswer({ tinker_path: await copy });
  });

  /** A copy belongs to a run that nobody trains: a number of a session, or one of its own. There are no projects to tell apart. */
  async function copied(body: ExactJsonObject): Promise<string> {
    const path = textOf(body, 'source_path');
    const ttlSeconds = ttlOf(body);
    const sessionId = textOrNull(body, 'session_id');
    const number = countOrNull(body, 'model_seq_id');
    const hasProject = textOrNull(body, 'destination_project_id') !== null;
    if (hasProject === (sessionId !== null) || (sessionId !== null) !== (number !== null)) {
      throw new WireError('destination_project_id', 'must be given, or both session_id and model_seq_id');
    }
    if (sessionId === null) return await checkpoints.copy(path, { runId: `${randomUUID()}:train:0`, ttlSeconds });
    const { models } = sessions.get(sessionId);
    const runId = `${sessionId}:train:${number}`;
    if (models.has(runId)) throw new Refusal(400, `model_seq_id: there is a model ${runId} already`);
    models.add(runId);
    try {
      return await checkpoints.copy(path, { runId, ttlSeconds });
    } catch (error) {
      models.delete(runId);
      throw error;
    }
  }
}
