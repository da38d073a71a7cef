// Sessions as lists show them, and which of them a search finds.

import { WireError } from '../wire/error.ts';
import type { ExactJsonObject } from '../wire/json.ts';
import { fieldOf, listAt, objectAt, optional, recordAt, type Sent, textAt } from '../wire/json_fields.ts';
import { countOrNull, textOf, textOrNull } from './requests.ts';
import { newestFirst, type Session } from './sessions.ts';
import type { TinkerServer } from './tinker_server.ts';

const USUAL = 50;
const MOST = 200;

/** Null for one that ended without a word of its client. */
export function statusOf({ end }: Session): ExactJsonObject | null {
  if (end === null) return { type: 'active' };
  if (end.finished === null) return null;
  const { reason, detail } = end.finished;
  return { type: 'client_finished', reason: { type: reason }, detail };
}

/** Newest first, a page at a time. Everybody who has the key owns all sessions, and there are no projects. */
export function searchSessions(
  body: ExactJsonObject,
  { sessions, checkpoints }: Pick<TinkerServer, 'sessions' | 'checkpoints'>,
): ExactJsonObject {
  const limit = countOrNull(body, 'limit') ?? USUAL;
  if (limit < 1 || limit > MOST) throw new WireError('limit', `must be from 1 to ${MOST}, not ${limit}`);
  const cursor = optional(fieldOf(body, 'cursor'), 'cursor', objectAt);
  const all = sessions.all();
  const isBehind = cursor === undefined ? () => true : behind(cursor);
  const fits = filterOf(body);
  const found = all.filter((session) => isBehind(session) && fits(session));
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  const saved = new Map(checkpoints.runs().map((run) => [run.training_run_id, run.checkpoints]));
  return {
    sessions: shown.map((session) => {
      const own = [...session.models].flatMap((id) => saved.get(id) ?? []);
      return {
        session_id: session.id,
        created_at: session.created_at,
        owner: 'local',
        project_id: 'local',
        status: statusOf(session),
        checkpoints_count: own.length,
        checkpoint_storage_bytes: own.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
        display_name: session.display_name,
        user_metadata: session.user_metadata,
      };
    }),
    next_cursor: last === undefined ? null : { last_created_at: last.created_at, last_session_id: last.id },
  };
}

/** The sessions that come after that of the cursor, which may be forgotten by now. */
function behind(cursor: ExactJsonObject): (session: Session) => boolean {
  const last = { created_at: textOf(cursor, 'last_created_at'), id: textOf(cursor, 'last_session_id') };
  return (session) => newestFirst(last, session) < 0;
}

function filterOf(body: ExactJsonObject): (session: Session) => boolean {
  const id = textOrNull(body, 'session_id');
  const words = textOrNull(body, 'display_name')?.toLowerCase().split(/\s+/) ?? null;
  const metadata = optional(fieldOf(body, 'user_metadata'), 'user_metadata', textsAt) ?? {};
  const statuses = optional(fieldOf(body, 'statuses'), 'statuses', (value, at) => listAt(value, at, statusAt));
  return (session) => {
    const named = words?.every((word) => session.display_name?.toLowerCase().includes(word)) ?? false;
    if ((id !== null || words !== null) && session.id !== id && !named) return false;
    if (Object.entries(metadata).some(([key, value]) => session.user_metadata[key] !== value)) return false;
    return statuses?.some((fits) => fits(session)) ?? true;
  };
}

const textsAt = (value: Sent, place: string) => recordAt(value, place, textAt);

function statusAt(value: Sent, place: string): (session: Session) => boolean {
  const query = objectAt(value, place);
  const type = textAt(fieldOf(query, 'type'), `${place}.type`);
  const reasons = optional(fieldOf(query, 'reasons'), `${place}.reasons`, (list, at) => listAt(list, at, textAt));
  return ({ end }) => {
    if (type === 'active') return end === null;
    const reason = end?.finished?.reason;
    return type === 'client_finished' && reason !== undefined && (reasons?.includes(reason) ?? true);
  };
}
