// A run, held against what every sandbox takes before one is given it: paths that stay below the working directory, and a language.

import { ConfigurationError } from '../util/errors.ts';
import { safeParts } from '../util/safe_path.ts';
import type { Sandbox, SandboxRun } from './types.ts';

/** @throws ConfigurationError for what no program of a model is to blame for */
export function requireRun({ name, languages }: Pick<Sandbox, 'name' | 'languages'>, run: SandboxRun): void {
  const { language, files, entry } = run;
  if (!languages.includes(language)) {
    throw new ConfigurationError(`the sandbox ${name} runs ${languages.join(', ') || 'nothing'}, not ${language}`, {
      hint: languageHint(language),
    });
  }
  for (const path of Object.keys(files)) {
    if ((safeParts(path) ?? []).length === 0) throw new ConfigurationError(`a program cannot have a file "${path}"`);
  }
  if (!Object.hasOwn(files, entry)) throw new ConfigurationError(`a program has no file "${entry}" to be run`);
}

function languageHint(language: string): string {
  if (language === 'javascript') return 'Set sandbox: quickjs, which runs JavaScript everywhere.';
  return `Set sandbox: bubblewrap on a machine that has ${language}, or sandbox: {builder: http, url: …}.`;
}
