// Errors of a user's plugin, told from those of this package by where they come from.

import { dirname, join, sep } from 'node:path';
import { messageOf } from '../util/errors.ts';

/** Where this package's own code lies: here, be it `src` or `dist`, and where the command line starts. */
const OURS = ['..', '../../bin'].map((folder) => join(import.meta.dirname, folder) + sep);

/** What was thrown on one line, and the line of the user's code that it comes from. */
export function describeFailure(error: unknown): string {
  const message = (messageOf(error).split('\nRequire stack:')[0] ?? '').replace(/\s+/g, ' ').trim();
  const frame = frames(error).find(({ path }) => !path.includes('/node_modules/') && !isOurs(path));
  return frame === undefined ? message : `${message} (${frame.path}:${frame.line})`;
}

/** The plugin that an error comes from: the code that threw it, but for libraries, lies beside that plugin. Null if none does. */
export function pluginOf(error: unknown, plugins: readonly string[]): string | null {
  for (const { path } of frames(error)) {
    const plugin =
      plugins.find((candidate) => path === candidate) ?? plugins.find((p) => path.startsWith(dirname(p) + sep));
    if (plugin !== undefined && !path.includes('/node_modules/')) return plugin;
    if (isOurs(path)) return null;
  }
  return null;
}

function isOurs(path: string): boolean {
  return OURS.some((folder) => path.startsWith(folder));
}

/** The files of a stack, innermost first; the runtime's own are left out. */
function frames(error: unknown): { path: string; line: number }[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return [...stack.matchAll(/^ *at (?!.*node:).*?(?:file:\/\/)?(\/[^()]*?):(\d+):\d+\)?$/gm)].map(
    ([, path = '', line]) => ({
      path,
      line: Number(line),
    }),
  );
}
