// Short-lived tokens (JWT) in the place of the key, for services that ask for them: exchanged for the key, and in time for new ones.

import { isJsonObject } from '../../util/json.ts';
import { WireError } from '../wire/error.ts';

/** A token with less left is not sent any more. */
const SHORTEST_MS = 60_000;

interface Token {
  text: string;
  /** By the clock of the day. */
  renewAt: number;
  expiresAt: number;
}

export class Tokens {
  readonly #exchange: () => Promise<string>;
  readonly #now: () => number;
  #token: Token | null = null;
  #renewing: Promise<Token> | null = null;

  /** `exchange` gets a token for the key. */
  constructor(exchange: () => Promise<string>, now: () => number = Date.now) {
    this.#exchange = exchange;
    this.#now = now;
  }

  /** The token to send. From half of its life on a new one is got meanwhile. */
  async current(): Promise<string> {
    const token = this.#token;
    if (token === null || this.#now() > token.expiresAt - SHORTEST_MS) return (await this.#renew()).text;
    // While the old one is good, a failure to get another is no reason to stop.
    if (this.#now() > token.renewAt) this.#renew().catch(() => undefined);
    return token.text;
  }

  /** A token that the service refused is not sent again. False for one that has been replaced already. */
  refuse(text: string): boolean {
    if (this.#token?.text !== text) return false;
    this.#token = null;
    return true;
  }

  #renew(): Promise<Token> {
    this.#renewing ??= this.#exchange()
      .then((text) => {
        this.#token = { text, ...lifeOf(text, this.#now()) };
        return this.#token;
      })
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }
}

/** From when it is replaced and until when it is good, counted from now: clocks of two machines differ, lives of tokens do not. */
function lifeOf(token: string, now: number): Pick<Token, 'renewAt' | 'expiresAt'> {
  const { iat, exp } = claimsOf(token);
  const life = typeof iat === 'number' && typeof exp === 'number' ? 1000 * (exp - iat) : Number.NaN;
  if (!(life > 0)) throw new WireError('jwt', 'does not say how long it is good');
  return { renewAt: now + life / 2, expiresAt: now + life };
}

function claimsOf(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return isJsonObject(claims) ? claims : {};
  } catch {
    return {};
  }
}
