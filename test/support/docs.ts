// The examples in README, CONTRIBUTING and docs/, taken from the pages themselves.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export const PAGES = [
  'CONTRIBUTING.md',
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export function pageText(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The fenced blocks of one language in a page. */
export function fenced(page: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms');
  return [...pageText(page).matchAll(fence)].map(([, text = '']) => text);
}

/** The commands that a page tells people to type: in blocks of `sh`, behind the `$` of a `console`, and in running text. */
export function commandsOf(page: string): string[][] {
  const typed = fenced(page, 'console').flatMap((text) =>
    [...text.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line),
  );
  const inline = [
    ...pageText(page)
      .replace(/^```.*?^```/gms, '')
      .matchAll(/`((?:npx )?cookbook [a-z][^`]*)`/g),
  ];
  return [...fenced(page, 'sh'), ...typed, ...inline.map(([, code = '']) => code)].flatMap(shellCommands);
}

/** The words of each command of a script, by as much of a shell's grammar as the pages use. */
function shellCommands(script: string): string[][] {
  const commands: string[][] = [[]];
  for (const [, comment, end, ...parts] of script.matchAll(/(#[^\n]*)|(\n|&&)|'([^']*)'|"([^"]*)"|([^\s'"]+)/g)) {
    if (comment !== undefined) continue;
    if (end !== undefined) commands.push([]);
    else commands.at(-1)?.push(parts.find((part) => part !== undefined) ?? '');
  }
  return commands.filter((words) => words.length > 0);
}
