// Names for charts and their files, made of what people named: small letters, digits and dashes, none of them twice.

const LONGEST = 60;

/** In the order of the names. Nothing is left of a name in another script but its place. */
export function uniqueIds(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const base = slugOf(name) || 'x';
    let id = base;
    for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
    taken.add(id);
    return id;
  });
}

/** The end of a name says more than its beginning. */
function slugOf(name: string): string {
  const dashed = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return dashed.slice(-LONGEST).replace(/^-+|-+$/g, '');
}
