// Completion scripts for shells, made of the commands as they are: what each takes is known when the script is printed.

import type { Command } from '@oclif/core';
import { asTyped } from './usage.ts';

interface Completed {
  /** The words that call it: one, or two where several commands have a first word in common. */
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
  return { name: asTyped(id), summary: summary ?? description ?? '', flags: [...own, help] };
}

/** First words of commands that take a second one, each with its second words. */
function familiesOf(commands: readonly Completed[]): Map<string, string[]> {
  const families = new Map<string, string[]>();
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ');
    if (second !== undefined) families.set(first, [...(families.get(first) ?? []), second]);
  }
  return families;
}

const firstWordsOf = (commands: readonly Completed[]): string =>
  [...new Set(commands.map(({ name }) => name.split(' ')[0]))].join(' ');

function bash(bin: string, commands: readonly Completed[]): string {
  const families = [...familiesOf(commands)];
  const flags = commands.map(
    (command) =>
      `    ${casePattern(command.name)}) words='${command.flags.map(({ name }) => `--${name}`).join(' ')}' ;;`,
  );
  const choices = commands.flatMap((command) =>
    command.flags
      .filter(({ options }) => options.length > 0)
      .map(
        ({ name, options }) =>
          `    ${casePattern(`${command.name}:--${name}`)}) COMPREPLY=($(compgen -W '${options.join(' ')}' -- "$word")); return ;;`,
      ),
  );
  const seconds = families.map(
    ([first, words]) =>
      `    ${first}) if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word")); return; fi; command="$command \${COMP_WORDS[2]}" ;;`,
  );
  return `_${bin}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${firstWordsOf(commands)}' -- "$word"))
    return
  fi
  case "$command" in
${seconds.join('\n')}
  esac
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

const casePattern = (name: string): string => name.replaceAll(' ', '\\ ');

function fish(bin: string, commands: readonly Completed[]): string {
  const names = firstWordsOf(commands);
  const families = familiesOf(commands);
  const topics = [...families].map(
    ([first]) => `complete -c ${bin} -n 'not __fish_seen_subcommand_from ${names}' -f -a ${first}`,
  );
  const lines = commands.flatMap(({ name, summary, flags }) => {
    const [first = '', second] = name.split(' ');
    const seconds = families.get(first)?.join(' ') ?? '';
    const before =
      second === undefined
        ? `not __fish_seen_subcommand_from ${names}`
        : `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${seconds}`;
    const within =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    return [
      `complete -c ${bin} -n '${before}' -f -a ${second ?? first} -d ${quoted(summary)}`,
      ...flags.map((flag) => {
        const value = flag.options.length > 0 ? ` -x -a '${flag.options.join(' ')}'` : flag.takesValue ? ' -r' : '';
        return `complete -c ${bin} -n '${within}' -l ${flag.name}${value} -d ${quoted(flag.summary)}`;
      }),
    ];
  });
  return [...topics, ...lines].join('\n');
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
