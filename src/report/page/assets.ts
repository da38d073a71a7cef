// The style and the script of the page, which are files of their own until they are put into it.

import { readFile } from 'node:fs/promises';
import { joinedModules } from './joined_modules.ts';

const PAGES = new URL('../../../pages/', import.meta.url);
/** Behind those that they build on. */
const STYLES = [
  'shared/colors.css',
  'shared/base.css',
  'shared/tables.css',
  'shared/states.css',
  'shared/charts.css',
  'shared/transcripts.css',
  'report/layout.css',
  'report/answer.css',
  'report/runs.css',
  'report/front.css',
];

export interface Assets {
  css: string;
  script: string;
}

export async function readAssets(): Promise<Assets> {
  const styles = await Promise.all(STYLES.map((name) => readFile(new URL(name, PAGES), 'utf8')));
  return { css: styles.join('\n'), script: await joinedModules(new URL('report/report.js', PAGES)) };
}
