// Debian's Chromium, without a window: for the tests of pages, for their screenshots and for timing them.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PATH = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Null where there is one. */
export const whyNoBrowser = existsSync(PATH) ? null : `no Chromium at ${PATH}; set CHROMIUM to where it is`;

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const launch = () => chromium.launch({ executablePath: PATH, args: ARGUMENTS });
