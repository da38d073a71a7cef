// Modules of a page as one script: each once, behind those that it imports, with no name left of one that another has too.

import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext, Script } from 'node:vm';
import { expect, it } from 'vitest';
import { joinedModules } from '../../../src/report/page/joined_modules.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';

it('run as they would apart', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'shared'));
  const modules = {
    'shared/words.js': "export const word = 'hello';\n",
    'first.js': "import { word } from './shared/words.js';\n\nexport function first() {\n  return word;\n}\n",
    'second.js': "import { word } from './shared/words.js';\n\nexport class Second {\n  said = word.length;\n}\n",
    'page.js':
      "import { first } from './first.js';\nimport {\n  Second,\n} from './second.js';\n\nglobalThis.told = [first(), new Second().said];\n",
  };
  for (const [name, text] of Object.entries(modules)) await writeFile(join(directory, name), text);
  const script = await joinedModules(pathToFileURL(join(directory, 'page.js')));
  const context: { told?: unknown } = {};
  runInNewContext(script, context);
  expect(JSON.stringify(context.told)).toBe('["hello",5]');
  expect(Object.keys(context)).toEqual(['told']);
});

it('make a script of the report that an engine takes, with all of its modules', async () => {
  const pages = new URL('../../../pages/', import.meta.url);
  const script = await joinedModules(new URL('report/report.js', pages));
  expect(() => new Script(script)).not.toThrow();
  expect(script).not.toMatch(/^(import|export) /m);
  for (const name of readdirSync(new URL('report/', pages)).filter((each) => each.endsWith('.js'))) {
    const [opening = ''] = readFileSync(new URL(`report/${name}`, pages), 'utf8').split('\n');
    expect(script.split(opening)).toHaveLength(2);
  }
});
