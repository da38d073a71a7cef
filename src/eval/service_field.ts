// `--service` of the command line, a name or a mapping, as a spec would have it.

import { Type } from '@sinclair/typebox';
import { builderOf, runtime } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { documentOf, emptyMapping } from '../spec/command_line.ts';
import { diagnose } from '../spec/diagnostics.ts';
import { applyOverrides } from '../spec/overrides.ts';
import { resolveFields, surroundings } from '../spec/resolve.ts';
import { mappingToJson } from '../spec/tree.ts';
import { serviceSlot } from '../tinker/service.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';

const params = Type.Object({ service: runtime(builderOf(serviceSlot, { description: 'Where sampling runs.' })) });

/** @throws SpecError with all that is wrong with it */
export function serviceRef(text: string, registry: Registry, cwd: string): PlainRef {
  const { root, diagnostics } = applyOverrides(emptyMapping(cwd), [`service=${text}`], cwd);
  const value = mappingToJson(root);
  const document = documentOf(root, value);
  const { value: resolved, issues } = resolveFields(params, value, registry, surroundings(document, cwd));
  if (issues.length + diagnostics.length > 0) throw new SpecError([...diagnose(document, issues), ...diagnostics]);
  if (isPlainRef(resolved.service)) return resolved.service;
  throw new ConfigurationError(`--service: ${text} names no service`);
}
