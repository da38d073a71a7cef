// Who may look at a board: pages that it has served itself, on this machine, or anywhere with its token.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { isLoopbackUrl } from '../util/loopback.ts';

export interface Access {
  /** Asked before every route. */
  guard: MiddlewareHandler;
  /** Asked before what changes a file. */
  changes: MiddlewareHandler;
  /** What a page of the board sends along with a change; no other page can read it. */
  changeToken: string;
}

const CHANGE_HEADER = 'X-Board-Change';

/** @param token what a browser must have shown once; null: nothing, and then only this machine is let in */
export function accessOf(token: string | null): Access {
  const changeToken = randomBytes(16).toString('hex');
  const proof = token === null ? null : digest(`cookbook board ${token}`).toString('hex');
  // Boards on other ports of this host are told apart.
  const cookie = `cookbook-board-${proof?.slice(0, 8) ?? ''}`;
  return {
    changeToken,
    async guard(context, next) {
      const foreign = foreignPage(context, token);
      if (foreign !== null) return refused(403, `requests from pages of ${foreign} are not answered`);
      if (token === null || proof === null) return await next();
      const shown = context.req.query('token');
      if (shown !== undefined && context.req.path === '/' && isSame(shown, token)) {
        setCookie(context, cookie, proof, { httpOnly: true, sameSite: 'Strict', path: '/' });
        return context.redirect('/', 303);
      }
      if (isSame(getCookie(context, cookie) ?? '', proof)) return await next();
      return refused(401, 'open the address with ?token= and the token of this board behind it');
    },
    async changes(context, next) {
      if (context.req.header('Origin') === undefined) return refused(403, 'a change comes from a page of this board');
      if (!isSame(context.req.header(CHANGE_HEADER) ?? '', changeToken)) {
        return refused(403, 'the page is of a board that has ended: load it again');
      }
      return await next();
    },
  };
}

/**
 * A page of some website must read nothing here because its reader has a board open. Without a token the board listens on this
 * machine alone, and who calls it by another name is such a page too, whose name was made to lead here.
 */
function foreignPage({ req }: Context, token: string | null): string | null {
  const url = new URL(req.url);
  const page = req.header('Origin');
  if (page !== undefined && hostOf(page) !== url.host) return page;
  // Pictures and scripts of a page are asked for without an origin.
  const [site, mode] = [req.header('Sec-Fetch-Site'), req.header('Sec-Fetch-Mode')];
  if ((site === 'cross-site' || site === 'same-site') && mode !== 'navigate') return 'another site';
  return token === null && !isLoopbackUrl(url) ? url.hostname : null;
}

/** A proxy that speaks TLS calls the board by the same host. */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const isSame = (shown: string, wanted: string) => timingSafeEqual(digest(shown), digest(wanted));

export function refused(status: number, detail: string): Response {
  return Response.json({ detail }, { status, headers: { 'Cache-Control': 'no-store' } });
}
