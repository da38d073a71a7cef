// The files that a board's page is made of: its own, those that all pages share, and the library that draws curves.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { chartVariables } from '../report/charts/theme.ts';

export interface Asset {
  type: string;
  text: string;
  /** Names the contents, so that a browser asks whether they have changed. */
  etag: string;
}

const PAGES = new URL('../../pages/', import.meta.url);
const TYPES = new Map([
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
]);

/** By path. */
export async function readAssets(): Promise<Map<string, Asset>> {
  const require = createRequire(import.meta.url);
  const uplot = join(dirname(require.resolve('uplot/package.json')), 'dist');
  const page = await readFile(new URL('board/board.html', PAGES), 'utf8');
  return new Map([
    ['/', asset('text/html; charset=utf-8', page)],
    ...(await assetsIn('shared')),
    ...(await assetsIn('board')),
    ['/chart_colors.css', asset('text/css; charset=utf-8', `:root { ${chartVariables()} }\n`)],
    ['/board/uplot.css', asset('text/css; charset=utf-8', await readFile(join(uplot, 'uPlot.min.css'), 'utf8'))],
    ['/board/uplot.js', asset('text/javascript; charset=utf-8', await readFile(join(uplot, 'uPlot.esm.js'), 'utf8'))],
  ]);
}

/** Styles and scripts, by the path that they have below the pages: a script finds those that it imports beside it. */
async function assetsIn(folder: string): Promise<[string, Asset][]> {
  const directory = new URL(`${folder}/`, PAGES);
  const names = (await readdir(directory)).filter((name) => TYPES.has(extname(name)));
  return await Promise.all(
    names.map(async (name): Promise<[string, Asset]> => {
      const text = await readFile(new URL(name, directory), 'utf8');
      return [`/${folder}/${name}`, asset(TYPES.get(extname(name)) ?? '', text)];
    }),
  );
}

function asset(type: string, text: string): Asset {
  return { type, text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"` };
}
