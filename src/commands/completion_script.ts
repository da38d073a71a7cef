// Completion scripts for shells, made of the commands as they are: what each takes is known when the script is printed.

import type { Command } from '@oclif/core';

interface Completed {
  name: string;
  summary: string;
  flags: { name: string; summary: string; options: readonly string[]; takesValue: boolean }[];
}

export function completionScript(
  shell: 'bash' | 'zsh' | 'fish',
  bin: string,
  commands: readonly Command.Loadable[],
): string {
  const completed = commands.flatMap((command) => (command.hidden ? [] : [describe(command)]));
  if (shell === 'fish') return fish(bin, completed);
  // zsh reads bash's scripts when asked to.
  return shell === 'zsh'
    ? `autoload -U +X bashcompinit && bashcompinit\n${bash(bin, completed)}`
    : bash(bin, completed);
}

function describe({ id, summary, description, flags }: Command.Loadable): Completed {
  const own = Object.entries(flags).map(([name, flag]) => ({
    name,
    summary: flag.summary ?? flag.description ?? '',
    options: flag.type === 'option' ? (flag.options ?? []) : [],
    takesValue: flag.type === 'option',
  }));
  const help = { name: 'help', summary: 'Show what it takes.', options: [], takesValue: false };
  return { name: id, summary: summary ?? description ?? '', flags: [...own, help] };
}

function bash(bin: string, commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const flags = commands.map(
    (command) => `    ${command.name}) words='${command.flags.map(({ name }) => `--${name}`).join(' ')}' ;;`,
  );
  const choices = commands.flatMap((command) =>
    command.flags
      .filter(({ options }) => options.length > 0)
      .map(
        ({ name, options }) =>
          `    ${command.name}:--${name}) COMPREPLY=($(compgen -W '${options.join(' ')}' -- "$word")); return ;;`,
      ),
  );
  return `_${bin}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names}' -- "$word"))
    return
  fi
  case "$command:$before" in
${choices.join('\n')}
  esac
  case "$command" in
${flags.join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) COMPREPLY=() ;;
  esac
}
complete -o default -F _${bin} ${bin}`;
}

function fish(bin: string, commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap(({ name, summary, flags }) => [
    `complete -c ${bin} -n 'not __fish_seen_subcommand_from ${names}' -f -a ${name} -d ${quoted(summary)}`,
    ...flags.map((flag) => {
      const value = flag.options.length > 0 ? ` -x -a '${flag.options.join(' ')}'` : flag.takesValue ? ' -r' : '';
      return `complete -c ${bin} -n '__fish_seen_subcommand_from ${name}' -l ${flag.name}${value} -d ${quoted(flag.summary)}`;
    }),
  ]);
  return lines.join('\n');
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
