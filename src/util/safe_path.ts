// Names of files that somebody else has chosen, as places below a directory.

/** The parts of a relative path; null for one that leads anywhere else than down. */
export function safeParts(path: string): string[] | null {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return path.startsWith('/') || /[\0\\]/.test(path) || parts.includes('..') ? null : parts;
}
