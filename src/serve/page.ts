// The page of the server, and what it shows. The page tells nothing by itself, so anybody may load it; what it shows needs the key.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';
import type { MoreRoutes } from '../tinker/server/more_routes.ts';
import type { ServerState } from './state.ts';

const PAGE = new URL('../../pages/server.html', import.meta.url);

export interface Page {
  text: string;
  /** What browsers may do for it: run and show what stands in it, and ask this server. */
  policy: string;
}

export async function readPage(): Promise<Page> {
  const text = await readFile(PAGE, 'utf8');
  const hashes = (tag: string) =>
    [...text.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(
      ([, content = '']) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`,
    );
  const policy = [
    "default-src 'none'",
    `script-src ${hashes('script').join(' ')}`,
    `style-src ${hashes('style').join(' ')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { text, policy };
}

export function pageRoutes({ text, policy }: Page, state: () => ServerState): MoreRoutes[] {
  const page = new Hono();
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-cache',
  };
  page.get('/', () => new Response(text, { headers }));
  const status = new Hono();
  status.get('/', () => Response.json(state(), { headers: { 'Cache-Control': 'no-store' } }));
  return [
    { path: '/', app: page, isPublic: true },
    { path: '/api/status', app: status },
  ];
}
