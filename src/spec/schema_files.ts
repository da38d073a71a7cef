// The schemas as files, for the head comment of specs that names them to editors.

import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { makeDirectory } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';

/** Writes `NAME.schema.json` for each and returns the paths. Equal schemas give equal bytes. */
export async function writeSchemas(
  directory: string,
  schemas: Readonly<Record<string, JsonObject>>,
): Promise<string[]> {
  await makeDirectory(directory);
  return await Promise.all(
    Object.entries(schemas).map(async ([name, schema]) => {
      const path = join(directory, `${name}.schema.json`);
      await writeFileAtomic(path, schemaText(schema));
      return path;
    }),
  );
}

export function schemaText(schema: JsonObject): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
