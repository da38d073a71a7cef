// A builder that a flag of a command names: a name, or a mapping with its parameters as YAML, checked and completed as in a spec.

import { Type } from '@sinclair/typebox';
import { parse } from 'yaml';
import { builderOf } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { isPlainRef, type PlainRef, type Slot } from '../registry/slot.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { JsonValue } from '../util/json.ts';
import { resolveFields } from './resolve.ts';

/** @throws ConfigurationError that begins with the flag */
export function referenceFlag<Context, Built>(
  slot: Slot<Context, Built>,
  { flag, text }: { flag: string; text: string },
  registry: Registry,
): PlainRef {
  const given = text.trimStart().startsWith('{') ? yamlOf(text, flag) : text;
  const surroundings = { cwd: process.cwd(), directoryOf: () => process.cwd(), exists: () => true };
  const params = Type.Object({ value: builderOf(slot) });
  const { value: resolved, issues } = resolveFields(params, { value: given }, registry, surroundings);
  const [issue] = issues;
  if (issue !== undefined) {
    const field = issue.path.slice(1).join('.');
    throw new ConfigurationError(`${flag}: ${field === '' ? '' : `${field}: `}${issue.message}`);
  }
  if (isPlainRef(resolved.value)) return resolved.value;
  throw new ConfigurationError(`${flag}: expected a name, or {builder: NAME, …}`);
}

function yamlOf(text: string, flag: string): JsonValue {
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigurationError(`${flag}: not valid YAML`, { cause: error });
  }
}
