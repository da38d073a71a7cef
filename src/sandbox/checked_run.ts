// A run, held against what every sandbox takes before one is given it: paths that stay below the working directory, and a language.

import { ConfigurationError } from '../util/errors.ts';
import { safeParts } from '../util/safe_path.ts';
import type { Sandbox, SandboxRun } from './types.ts';

type Named = Pick<Sandbox, 'name' | 'languages'>;

/** @throws ConfigurationError that says which sandbox has the language */
export function requireLanguage({ name, languages }: Named, language: string): void {
  if (languages.includes(language)) return;
  throw new ConfigurationError(`the sandbox ${name} runs ${languages.join(', ') || 'nothing'}, not ${language}`, {
    hint: languageHint(language),
  });
}

/** @throws ConfigurationError for what no program of a model is to blame for */
export function requireRun(sandbox: Named, { language, files, entry }: SandboxRun): void {
  requireLanguage(sandbox, language);
  for (const path of Object.keys(files)) {
    if ((safeParts(path) ?? []).length === 0) throw new ConfigurationError(`a program cannot have a file "${path}"`);
  }
  if (!Object.hasOwn(files, entry)) throw new ConfigurationError(`a program has no file "${entry}" to be run`);
}

function languageHint(language: string): string {
  if (language === 'javascript') return 'Set sandbox: quickjs, which runs JavaScript everywhere.';
  return `Set sandbox: bubblewrap on a machine that has ${language}, or sandbox: {builder: http, url: …}.`;
}
