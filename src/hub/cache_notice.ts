// Notices that the cache serves in the place of the hub: one run asks for one model several times, and says it once.

const told = new Set<string>();

/** `storage`: the directory of the repository in the cache. */
export function tellOfCache(
  { storage, name }: { storage: string; name: string },
  why: string,
  notify: ((message: string) => void) | undefined,
): void {
  const key = JSON.stringify([storage, why]);
  if (notify === undefined || told.has(key)) return;
  told.add(key);
  notify(`${why}: ${name} is read as the cache has it`);
}
