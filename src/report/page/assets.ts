// The style and the script of the page, which are files of their own until they are put into it.

import { readFile } from 'node:fs/promises';

const PAGES = new URL('../../../pages/report/', import.meta.url);

export interface Assets {
  css: string;
  script: string;
}

export async function readAssets(): Promise<Assets> {
  const [css, script] = await Promise.all(
    ['page.css', 'page.js'].map((name) => readFile(new URL(name, PAGES), 'utf8')),
  );
  return { css: css ?? '', script: script ?? '' };
}
