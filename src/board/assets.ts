// The files that a board's page is made of: its own, the style of reports, and the library that draws curves, all from this machine.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Asset {
  type: string;
  text: string;
  /** Names the contents, so that a browser asks whether they have changed. */
  etag: string;
}

const PAGES = new URL('../../pages/', import.meta.url);

/** By path. */
export async function readAssets(): Promise<Map<string, Asset>> {
  const require = createRequire(import.meta.url);
  const uplot = join(dirname(require.resolve('uplot/package.json')), 'dist');
  const files: [path: string, type: string, file: string | URL][] = [
    ['/', 'text/html; charset=utf-8', new URL('board/board.html', PAGES)],
    ['/page.css', 'text/css; charset=utf-8', new URL('report/page.css', PAGES)],
    ['/board.css', 'text/css; charset=utf-8', new URL('board/board.css', PAGES)],
    ['/board.js', 'text/javascript; charset=utf-8', new URL('board/board.js', PAGES)],
    ['/curves.js', 'text/javascript; charset=utf-8', new URL('board/curves.js', PAGES)],
    ['/run.js', 'text/javascript; charset=utf-8', new URL('board/run.js', PAGES)],
    ['/diff.js', 'text/javascript; charset=utf-8', new URL('board/diff.js', PAGES)],
    ['/transcripts.js', 'text/javascript; charset=utf-8', new URL('board/transcripts.js', PAGES)],
    ['/elements.js', 'text/javascript; charset=utf-8', new URL('board/elements.js', PAGES)],
    ['/uplot.css', 'text/css; charset=utf-8', join(uplot, 'uPlot.min.css')],
    ['/uplot.js', 'text/javascript; charset=utf-8', join(uplot, 'uPlot.esm.js')],
  ];
  const assets = files.map(async ([path, type, file]): Promise<[string, Asset]> => {
    const text = await readFile(file, 'utf8');
    return [path, { type, text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"` }];
  });
  return new Map(await Promise.all(assets));
}
