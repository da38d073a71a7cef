// Debian's Chromium, without a window and without a network: a page that asks for anything but its own is caught at it.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface Watched {
  page: Page;
  /** What went wrong: errors and warnings of the console, requests, dialogs. Empty for a page that behaves. */
  faults: string[];
}

/**
 * Opens a page with all that it does wrong on record. A file may ask for nothing but itself, a page of a server for nothing that is
 * not that server's.
 */
export async function openPage(browser: Browser, url: URL, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options);
  const faults: string[] = [];
  const isOwn = (asked: URL) =>
    url.protocol === 'file:' ? asked.pathname === url.pathname : asked.origin === url.origin;
  await context.route('**/*', async (route) => {
    const asked = new URL(route.request().url());
    if (isOwn(asked) || asked.protocol === 'data:') return await route.continue();
    faults.push(`request: ${asked}`);
    await route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url.href);
  return { page, faults };
}
