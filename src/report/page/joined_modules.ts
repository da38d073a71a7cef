// Modules of a page as one script, for a page that is one file and may fetch nothing.

import { readFile } from 'node:fs/promises';

/** As the formatter writes them: a whole statement that names what it imports from a file beside it. */
const IMPORT = /^import \{[^}]*\} from '(\.[^']+)';\n/gm;
const EXPORT = /^export (?=(?:async )?function|class|const|let)/gm;

/**
 * A module and all that it imports, each once and behind those that it imports itself. They share one scope, so no two of them may
 * give a name to something at their top level: the engine refuses a script that does.
 */
export async function joinedModules(entry: URL): Promise<string> {
  const seen = new Set<string>();
  const texts: string[] = [];
  const add = async (module: URL): Promise<void> => {
    if (seen.has(module.href)) return;
    seen.add(module.href);
    const text = await readFile(module, 'utf8');
    for (const [, path = ''] of text.matchAll(IMPORT)) await add(new URL(path, module));
    texts.push(text.replaceAll(IMPORT, '').replaceAll(EXPORT, ''));
  };
  await add(entry);
  // Of its own, so that nothing of it is seen from outside.
  return `(() => {\n'use strict';\n${texts.join('\n')}})();\n`;
}
