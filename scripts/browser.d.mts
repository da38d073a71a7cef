import type { Browser } from 'playwright-core';

export declare const whyNoBrowser: string | null;
export declare function launch(): Promise<Browser>;
