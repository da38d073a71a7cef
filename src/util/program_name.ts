// How this program is called where it runs, for the commands that it tells people to type next.

/** `npx cookbook` for those who called it so, as in a fresh clone, where no shell would find `cookbook` alone. */
export function programName(env: NodeJS.ProcessEnv = process.env): string {
  return env.npm_command === 'exec' ? 'npx cookbook' : 'cookbook';
}

/** As a POSIX shell reads it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
