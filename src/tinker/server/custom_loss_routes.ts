// The route by which a client teaches the server a loss: it has the graph read and checked, once for a number.

import type { Hono } from 'hono';
import { fieldOf, integerAt } from '../wire/json_fields.ts';
import { lossGraphAt } from './custom_loss/graph.ts';
import { customLoss } from './custom_loss/loss.ts';
import { jsonAnswer } from './http.ts';
import { Refusal } from './refusal.ts';
import { textOf } from './requests.ts';
import type { TinkerServer } from './tinker_server.ts';

const OPERATION = 'create_custom_loss';

export function customLossRoutes(app: Hono, { bodies, futures, limits, sessions }: TinkerServer): void {
  app.post('/create_custom_loss', async (context) => {
    const body = await bodies.json(context);
    const session = sessions.get(textOf(body, 'session_id'));
    const number = integerAt(fieldOf(body, 'custom_loss_seq_id'), 'custom_loss_seq_id');
    const loss_id = `${session.id}:loss:${number}`;
    const request_id = `${loss_id}:create`;
    if (futures.has(request_id, OPERATION)) return jsonAnswer({ request_id });
    futures.requireRoom();
    if (session.losses.size >= limits.customLosses) {
      throw new Refusal(
        400,
        `the session has ${session.losses.size} custom losses, which is all that it may have: open another session`,
      );
    }
    session.losses.set(loss_id, customLoss(lossGraphAt(body)));
    futures.submit(request_id, OPERATION, async () => ({ kind: 'json', value: { type: OPERATION, loss_id } }));
    return jsonAnswer({ request_id });
  });
}
