// `report --html`: the page of some runs, written to a file in one step.

import { CookbookError } from '../../util/errors.ts';
import { printableText } from '../../util/printable.ts';
import { placeOf, writeError } from '../place.ts';
import { readAssets } from './assets.ts';
import { renderPage } from './html/page.ts';
import { makePage, type PageOptions } from './make_page.ts';

/** @returns what could not be read, one line each */
export async function writePage(options: PageOptions, file: string): Promise<string[]> {
  const data = await makePage(options);
  const text = await renderPage(shownAsCodes(data), await readAssets());
  try {
    await (await placeOf(file)).write(text);
  } catch (error) {
    throw error instanceof CookbookError ? error : writeError(file, error);
  }
  return data.notices;
}

/** The same data with texts that a page can hold: codes that steer, or turn text around, are shown by their numbers. */
export function shownAsCodes<T>(data: T): T;
export function shownAsCodes(data: unknown): unknown {
  if (typeof data === 'string') return printableText(data);
  if (Array.isArray(data)) return data.map((item) => shownAsCodes<unknown>(item));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [printableText(key), shownAsCodes<unknown>(value)]),
  );
}
