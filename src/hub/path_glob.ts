// Patterns of paths in a repository, as data cards and fsspec write them: * and ? within a name, ** over directories, [a-z].

/** Longer ones, and ones with more stars, are no patterns of a data set, and could take long to match. */
const LONGEST = 500;
const MOST_STARS = 4;

export function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}

/** A pattern that is no such thing matches nothing. */
export function pathMatcher(pattern: string): (path: string) => boolean {
  const stars = pattern.replace(/\*+/g, '*').split('*').length - 1;
  if (pattern.length > LONGEST || stars > MOST_STARS) return () => false;
  const source = pattern.replace(/\*\*\/|\*+|\?|\[[^\]/\\^]+\]|[\s\S]/g, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token.startsWith('*')) return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 1) return token.replace(/^\[!/, '[^');
    return token.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
  });
  try {
    const expression = new RegExp(`^${source}$`, 's');
    return (path) => expression.test(path);
  } catch {
    return () => false;
  }
}
