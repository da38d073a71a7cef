// The checkpoints that a service keeps, managed: listed, published, given a time to live, deleted, and handed out.

import { CheckpointError, RequestError } from '../../util/errors.ts';
import { programName } from '../../util/program_name.ts';
import type { ExactJson, ExactJsonObject } from '../wire/json.ts';
import { fieldOf, integerAt, listAt, nullOr, objectAt, optional, type Sent, textAt } from '../wire/json_fields.ts';
import { checkpointRoute } from './checkpoint_path.ts';
import { fetchClientConfig } from './config.ts';
import { StatusError } from './errors.ts';
import { jsonAnswer, noAnswer, type Transport } from './transport.ts';

export interface ServiceCheckpoint {
  /** `tinker://RUN/KIND/NAME`. */
  path: string;
  /** `training`, `sampler`, `external`. */
  type: string;
  size_bytes: number | null;
  /** ISO 8601. */
  created_at: string | null;
  /** Null: it stays. */
  expires_at: string | null;
  public: boolean;
}

/** Files that a service hands out, by their names, and until when. */
export interface HandedOut {
  urls: Record<string, string>;
  /** Milliseconds since 1970; null where the service does not say. */
  expires: number | null;
}

const PAGE = 100;
const RUNS_PAGE = 20;
/** Of a service that does not come to an end. */
const MOST_PAGES = 10_000;

export class ServiceCheckpoints {
  readonly #transport: Transport;

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  static async open(transport: Transport): Promise<ServiceCheckpoints> {
    const { pjwt_auth_enabled } = await fetchClientConfig(transport);
    if (pjwt_auth_enabled) transport.useTokens();
    return new ServiceCheckpoints(transport);
  }

  /** All that this key can see. */
  async list(): Promise<ServiceCheckpoint[]> {
    try {
      return await this.#pages('/api/v1/checkpoints', 'checkpoints', PAGE, checkpointAt);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      // Services that have no list of all have one of each run.
      const runs = await this.#pages('/api/v1/training_runs', 'training_runs', RUNS_PAGE, runIdAt);
      const found: ServiceCheckpoint[] = [];
      for (const run of runs) found.push(...(await this.listOf(run)));
      return found;
    }
  }

  /** Those of one run of the service; none of a run that it does not know. */
  async listOf(run: string): Promise<ServiceCheckpoint[]> {
    const path = `/api/v1/training_runs/${encodeURIComponent(run)}/checkpoints`;
    try {
      return await this.#pages(path, 'checkpoints', PAGE, checkpointAt);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  /** The model that a run of the service trains; null where it does not say. */
  async baseModelOf(run: string): Promise<string | null> {
    try {
      return await this.#transport.request({
        method: 'GET',
        path: `/api/v1/training_runs/${encodeURIComponent(run)}`,
        read: jsonAnswer((value) => {
          return optional(fieldOf(objectAt(value, 'the run'), 'base_model'), 'base_model', textAt) ?? null;
        }),
      });
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  /** @throws CheckpointError where there is none */
  async delete(path: string): Promise<void> {
    await this.#change(path, 'DELETE', '');
  }

  async setPublic(path: string, isPublic: boolean): Promise<void> {
    await this.#change(path, isPublic ? 'POST' : 'DELETE', '/publish');
  }

  /** @param ttl_seconds counted from now; null = it stays */
  async setTtl(path: string, ttl_seconds: number | null): Promise<void> {
    await this.#change(path, 'PUT', '/ttl', { ttl_seconds });
  }

  /** Where a checkpoint can be got as one archive; null from a service that hands out no archives, or not this one. */
  async archiveOf(path: string): Promise<string | null> {
    try {
      return await this.#transport.request({
        method: 'GET',
        path: `${checkpointRoute(path)}/archive`,
        readsRedirect: true,
        read: (answer) => {
          if (answer.location !== null) return answer.location;
          return jsonAnswer((value) => textAt(fieldOf(objectAt(value, 'the archive'), 'url'), 'url'))(answer);
        },
      });
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  /** Where the files of weights can be got that were saved for other tools. */
  async externalFilesOf(path: string): Promise<HandedOut> {
    return await this.#transport.request({
      method: 'GET',
      path: `${checkpointRoute(path)}/external_weights_urls`,
      read: jsonAnswer((value) => {
        const object = objectAt(value, 'the files');
        const urls = Object.entries(objectAt(fieldOf(object, 'urls'), 'urls'));
        const expires = Date.parse(optional(fieldOf(object, 'expires'), 'expires', textAt) ?? '');
        return {
          urls: Object.fromEntries(urls.map(([name, url]) => [name, textAt(url, `urls.${name}`)])),
          expires: Number.isNaN(expires) ? null : expires,
        };
      }),
    });
  }

  async #change(path: string, method: 'POST' | 'PUT' | 'DELETE', below: string, json?: ExactJson): Promise<void> {
    try {
      await this.#transport.request({
        method,
        path: `${checkpointRoute(path)}${below}`,
        ...(json !== undefined && { json }),
        read: noAnswer,
      });
    } catch (error) {
      if (!isAbsent(error)) throw error;
      throw new CheckpointError(`${this.#transport.address} has no checkpoint ${path}, or cannot do this to it`, {
        hint: `List what it has with "${programName()} checkpoints list".`,
        cause: error,
      });
    }
  }

  /** Services page by offsets; one that knows none answers the same page again, which brings nothing new. */
  async #pages<T>(path: string, field: string, limit: number, read: (value: Sent, place: string) => T): Promise<T[]> {
    const found = new Map<string, T>();
    for (let page = 0, offset = 0; page < MOST_PAGES; page++) {
      const { items, total } = await this.#transport.request({
        method: 'GET',
        path: `${path}?limit=${limit}&offset=${offset}`,
        read: jsonAnswer((value) => {
          const object = objectAt(value, 'the list');
          const cursor = optional(fieldOf(object, 'cursor'), 'cursor', objectAt) ?? {};
          const total = optional(fieldOf(cursor, 'total_count'), 'cursor.total_count', integerAt);
          return { items: listAt(fieldOf(object, field), field, read), total };
        }),
      });
      const before = found.size;
      for (const item of items) found.set(JSON.stringify(item), item);
      offset += items.length;
      const isLast = found.size === before || (total === undefined ? items.length < limit : offset >= total);
      if (isLast) return [...found.values()];
    }
    throw new RequestError(`${this.#transport.address}: the list at ${path} does not come to an end`);
  }
}

/** No such thing, or no such call. */
function isAbsent(error: unknown): boolean {
  return error instanceof StatusError && [404, 405, 410, 501].includes(error.status);
}

function checkpointAt(value: Sent, place: string): ServiceCheckpoint {
  const object: ExactJsonObject = objectAt(value, place);
  const text = (name: string) => nullOr(fieldOf(object, name), `${place}.${name}`, textAt);
  return {
    path: textAt(fieldOf(object, 'tinker_path'), `${place}.tinker_path`),
    type: text('checkpoint_type') ?? 'training',
    size_bytes: nullOr(fieldOf(object, 'size_bytes'), `${place}.size_bytes`, integerAt),
    created_at: text('time'),
    expires_at: text('expires_at'),
    public: fieldOf(object, 'public') === true,
  };
}

function runIdAt(value: Sent, place: string): string {
  return textAt(fieldOf(objectAt(value, place), 'training_run_id'), `${place}.training_run_id`);
}
