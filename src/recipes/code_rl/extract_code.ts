// The program in a reply: the last fenced block, as models write them.

/** Of any language; null where there is none. A block that is never closed goes to the end of the reply. */
export function lastFencedBlock(reply: string): string | null {
  const lines = reply.split('\n');
  let last: string | null = null;
  let open: { marks: string; from: number } | null = null;
  for (const [i, line] of lines.entries()) {
    const [, marks = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (open === null) {
      if (marks !== '') open = { marks, from: i + 1 };
    } else if (marks.startsWith(open.marks) && line.trim() === marks) {
      last = lines.slice(open.from, i).join('\n');
      open = null;
    }
  }
  return open === null ? last : lines.slice(open.from).join('\n');
}
