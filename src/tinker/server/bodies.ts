// The bodies of requests, read within bounds: of each one, and of all that arrive at once.

import type { Context } from 'hono';
import pLimit from 'p-limit';
import { bodyTooLarge, decompressBody } from '../wire/compression.ts';
import { type ExactJsonObject, parseExactJson } from '../wire/json.ts';
import { objectAt } from '../wire/json_fields.ts';
import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';

/** Bodies that are unfolded at once: each may grow to the largest there is. */
const UNFOLDED_AT_ONCE = 2;

export class Bodies {
  readonly #limits: Pick<Limits, 'bodyBytes' | 'requestBytes'>;
  readonly #unfold = pLimit(UNFOLDED_AT_ONCE);
  /** Of bodies that are on their way, as far as they say or have come. */
  #arriving = 0;

  constructor(limits: Pick<Limits, 'bodyBytes' | 'requestBytes'>) {
    this.#limits = limits;
  }

  /** The body as it was before it was compressed. Of one that is too large no more is read than it takes to see that. */
  async bytes({ req }: Context): Promise<Uint8Array> {
    const { bodyBytes } = this.#limits;
    const told = Number(req.header('Content-Length') ?? Number.NaN);
    if (told > bodyBytes) throw bodyTooLarge(bodyBytes);
    const sent = Number.isNaN(told)
      ? await this.#streamed(req.raw.body)
      : await this.#arrived(told, async () => new Uint8Array(await req.arrayBuffer()));
    const encoding = req.header('Content-Encoding');
    if (encoding === undefined) return sent;
    return await this.#unfold(() => decompressBody(sent, encoding, bodyBytes));
  }

  /** A body in JSON; one of nothing is an object without fields. */
  async json(context: Context): Promise<ExactJsonObject> {
    const text = new TextDecoder().decode(await this.bytes(context));
    return text === '' ? {} : objectAt(parseExactJson(text), 'the body');
  }

  /** Of a client that does not say beforehand how much it sends. */
  async #streamed(body: Request['body']): Promise<Uint8Array> {
    const { bodyBytes } = this.#limits;
    const parts: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const part of body ?? []) {
        this.#arriving += part.length;
        size += part.length;
        if (size > bodyBytes) throw bodyTooLarge(bodyBytes);
        this.#requireRoom();
        parts.push(part);
      }
      return Buffer.concat(parts);
    } finally {
      this.#arriving -= size;
    }
  }

  async #arrived(size: number, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    this.#arriving += size;
    try {
      this.#requireRoom();
      return await read();
    } finally {
      this.#arriving -= size;
    }
  }

  #requireRoom(): void {
    if (this.#arriving <= this.#limits.requestBytes) return;
    throw new Refusal(429, 'too much is being sent to this server at once; send this request again');
  }
}
