// cookbook schema: the JSON Schemas of specs, printed, or as files that the head comments of specs name to editors.

import { join } from 'node:path';
import type { Registry } from '../registry/registry.ts';
import { runSchema } from '../spec/schema.ts';
import { sweepSchema } from '../sweep/check.ts';
import { ConfigurationError } from '../util/errors.ts';
import { jsonText, makeDirectory, writeFileAtomic } from '../util/files.ts';

const SCHEMAS = { run: runSchema, sweep: sweepSchema };

export interface SchemaOptions {
  /** Which one to print. */
  kind: 'run' | 'sweep' | null;
  /** The directory to write both to instead. */
  write: string | null;
}

/** The schema, or the files that were written, and what to print of them. Equal schemas give equal bytes. */
export async function schemaCommand(
  { kind, write }: SchemaOptions,
  registry: Registry,
): Promise<{ result: object; lines: string[] }> {
  if (write !== null) {
    const files = await writeSchemas(write, registry);
    return { result: { files }, lines: files };
  }
  if (kind === null) throw new ConfigurationError('say which schema, run or sweep, or --write DIR for both');
  const schema = SCHEMAS[kind](registry);
  return { result: schema, lines: [jsonText(schema).trimEnd()] };
}

async function writeSchemas(directory: string, registry: Registry): Promise<string[]> {
  await makeDirectory(directory);
  return await Promise.all(
    Object.entries(SCHEMAS).map(async ([name, schemaOf]) => {
      const path = join(directory, `${name}.schema.json`);
      await writeFileAtomic(path, jsonText(schemaOf(registry)));
      return path;
    }),
  );
}
