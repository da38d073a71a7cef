// What may follow what was typed: commands of the shell, saved questions, views, columns and words of SQL.

export interface Names {
  views: readonly string[];
  columns: readonly string[];
  questions: readonly string[];
}

const KEYWORDS = [
  ...[
    'SELECT',
    'FROM',
    'WHERE',
    'GROUP BY',
    'ORDER BY',
    'LIMIT',
    'HAVING',
    'QUALIFY',
    'JOIN',
    'USING',
    'WITH',
    'DISTINCT',
  ],
  ...[
    'AS',
    'AND',
    'OR',
    'NOT',
    'IN',
    'LIKE',
    'IS NULL',
    'CASE',
    'WHEN',
    'THEN',
    'ELSE',
    'END',
    'DESC',
    'OVER',
    'PIVOT',
  ],
  ...['UNPIVOT', 'DESCRIBE', 'SUMMARIZE', 'SHOW TABLES', 'count(*)', 'avg(', 'min(', 'max(', 'sum(', 'stddev_samp('],
  ...['arg_max(', 'arg_min(', 'median(', 'quantile_cont(', 'isfinite(', 'coalesce('],
];

export const COMMANDS = ['\\d', '\\help', '\\i', '\\o', '\\q', '\\reload'];

/** @returns what could stand in the place of the end of the line, and that end */
export function complete(line: string, { views, columns, questions }: Names): [string[], string] {
  const [, command, argument = ''] = /^\s*(\\\w*)\s+(.*)$/.exec(line) ?? [];
  if (command === '\\i') return [questions.filter((name) => name.startsWith(argument)), argument];
  if (command === '\\d') return [views.filter((name) => name.startsWith(argument)), argument];
  if (command !== undefined) return [[], argument];
  const [typedCommand] = /^\s*\\\w*$/.exec(line) ?? [];
  if (typedCommand !== undefined) {
    const begun = typedCommand.trim();
    return [COMMANDS.filter((name) => name.startsWith(begun)), begun];
  }
  const quoted = openName(line);
  const begun = quoted ?? /[\w.]*$/.exec(line)?.[0] ?? '';
  if (begun === '') return [[], ''];
  const spelled = (quoted === null ? [...views, ...columns, ...KEYWORDS] : columns).map(
    (name) => [name, spell(name)] as const,
  );
  const plain = begun.replace(/^"/, '').toLowerCase();
  const found = spelled.filter(([name, text]) => {
    return name.toLowerCase().startsWith(plain) && (quoted === null || text.startsWith('"'));
  });
  return [[...new Set(found.map(([, text]) => text))].sort(), begun];
}

/** The end of the line from a quote that is still open. */
function openName(line: string): string | null {
  const quotes = [...line.matchAll(/"/g)];
  const last = quotes.at(-1);
  return last === undefined || quotes.length % 2 === 0 ? null : line.slice(last.index);
}

/** A name as SQL takes it; words of SQL are none. */
function spell(name: string): string {
  if (KEYWORDS.includes(name) || /^[A-Za-z_]\w*$/.test(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}
