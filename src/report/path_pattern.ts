// Paths as DuckDB is told them: it takes every path for a pattern.

/**
 * The pattern that fits this path alone. In patterns DuckDB takes a backslash for a separator of directories, so a path with a
 * backslash may have none; then it is null.
 */
export function patternFor(path: string): string | null {
  if (!/[*?[]/.test(path)) return path;
  return path.includes('\\') ? null : path.replace(/[*?[]/g, '[$&]');
}
