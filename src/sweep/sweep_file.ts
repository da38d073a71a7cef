// A sweep file and the base that it changes: read, checked field by field, with the builders of their plugins registered.

import { relative } from 'node:path';
import { SpecError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Registry } from '../registry/registry.ts';
import { describeValue } from '../spec/describe.ts';
import { diagnose, diagnosticAt } from '../spec/diagnostics.ts';
import { type LoadOptions, loadDocument } from '../spec/load.ts';
import { absolutePath } from '../spec/location.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { resolveFields, surroundings } from '../spec/resolve.ts';
import { readSource } from '../spec/source.ts';
import type { Issue, SpecDocument, SpecPath } from '../spec/types.ts';
import { isSweepOverride, parseAt, parseDuration, type SweepFields, sweepParams } from './grammar.ts';
import { valueAt } from './paths.ts';

export interface SweepFile {
  document: SpecDocument;
  fields: SweepFields;
  base: Base;
}

/** The run spec that the points change: a file of its own, or the mapping at `base` of the sweep. */
interface Base {
  /** The document that it stands in, and where. */
  document: SpecDocument;
  at: SpecPath;
  value: JsonObject;
  /** Whether fields refer to others: a reference to a field that a point sets means the point's value. */
  hasReferences: boolean;
}

/**
 * Reads a sweep. Overrides of its own fields go to it, all others to its base.
 * @throws SpecError with everything that is wrong with its fields, or with the text of the base
 */
export async function loadSweep(file: string, options: LoadOptions, registry: Registry): Promise<SweepFile> {
  const document = await loadWithInlineBase(file, options);
  await loadPlugins(document, registry);
  const resolved = resolveFields(sweepParams, document.value, registry, surroundings(document, options.cwd));
  const issues = [...resolved.issues.map((issue) => explained(issue, document)), ...misspelt(resolved.value)];
  const fields = resolved.value;
  if (!isSound(fields, issues)) throw new SpecError(diagnose(document, issues));
  const base = await loadBase(document, fields.base, options);
  await loadPlugins(pluginsOf(base, fields.plugins), registry);
  return { document, fields, base };
}

/** The sweep's own document, with the overrides of its own fields. */
export async function loadOwn(file: string, options: LoadOptions): Promise<SpecDocument> {
  return await loadDocument(file, { ...options, overrides: options.overrides.filter(isSweepOverride) });
}

/** An inline base takes its overrides in the sweep's document, since that is where it stands. */
async function loadWithInlineBase(file: string, options: LoadOptions): Promise<SpecDocument> {
  const document = await loadOwn(file, options);
  if (!isJsonObject(document.value.base) || options.overrides.every(isSweepOverride)) return document;
  const overrides = options.overrides.map((argument) => (isSweepOverride(argument) ? argument : `base.${argument}`));
  return await loadDocument(file, { ...options, overrides });
}

async function loadBase(document: SpecDocument, base: string | JsonObject, options: LoadOptions): Promise<Base> {
  if (typeof base !== 'string') {
    return { document, at: ['base'], value: base, hasReferences: hasReferences(document.template.base) };
  }
  const overrides = options.overrides.filter((argument) => !isSweepOverride(argument));
  const loaded = await loadDocument(await baseFile(document, base, options.cwd), { ...options, overrides });
  return { document: loaded, at: [], value: loaded.value, hasReferences: hasReferences(loaded.template) };
}

/** The base's file by the name that messages give it. @throws SpecError at the line that names it when it is not there. */
async function baseFile(document: SpecDocument, base: string, cwd: string): Promise<string> {
  const place = document.placeOf(['base']);
  const path = absolutePath(base, place.directory);
  const source = await readSource(path);
  if ('missing' in source) throw new SpecError([diagnosticAt(place, ['base'], `${source.missing}: ${path}`)]);
  const fromHere = relative(cwd, path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function hasReferences(template: JsonValue | undefined): boolean {
  return JSON.stringify(template ?? null).includes('${');
}

/** The plugins of the base as a document; one that the sweep has loaded already is left out. */
function pluginsOf({ document, at, value }: Base, loaded: readonly string[]): SpecDocument {
  const placeOf: SpecDocument['placeOf'] = (path, part) => document.placeOf([...at, ...path], part);
  const plugins = Array.isArray(value.plugins) ? value.plugins : [];
  const isLoaded = (plugin: JsonValue, i: number) =>
    typeof plugin === 'string' && loaded.includes(absolutePath(plugin, placeOf(['plugins', i]).directory));
  const left = plugins.map((plugin, i) => (isLoaded(plugin, i) ? null : plugin));
  return { ...document, value: { plugins: left }, placeOf };
}

function isSound(fields: JsonObject, issues: readonly Issue[]): fields is JsonObject & SweepFields {
  return issues.length === 0 && 'base' in fields;
}

/** What the schema cannot say in a way that helps. */
function misspelt({ objective, execution }: JsonObject): Issue[] {
  const at = isJsonObject(objective) ? objective.at : undefined;
  const timeout = isJsonObject(execution) ? execution.timeout : undefined;
  const issues: Issue[] = [];
  if (typeof at === 'string' && parseAt(at) === null) {
    const message = `expected last, best or step:N as step:200; got ${describeValue(at)}`;
    issues.push({ path: ['objective', 'at'], part: 'value', message });
  }
  if (typeof timeout === 'string' && parseDuration(timeout) === null) {
    const message = `expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got ${describeValue(timeout)}`;
    issues.push({ path: ['execution', 'timeout'], part: 'value', message });
  }
  return issues;
}

/** What is wrong with an axis, for those who know other tools: they write one value, or a mapping of fields or options. */
function explained(issue: Issue, document: SpecDocument): Issue {
  const path = issue.path[0] === 'cases' ? issue.path.slice(2) : issue.path;
  const field = path[0] === 'grid' ? path[1] : path[0] === 'zip' ? path[2] : undefined;
  if (typeof field !== 'string' || path.length !== (path[0] === 'grid' ? 2 : 3)) return issue;
  const value = valueAt(document.value, issue.path);
  if (Array.isArray(value)) return { ...issue, message: 'an axis needs at least one value' };
  if (!isJsonObject(value))
    return { ...issue, message: `an axis is a list; for one value write [${JSON.stringify(value)}]` };
  const [inner = 'name'] = Object.keys(value);
  return { ...issue, message: `an axis is a list; an axis over a field in it is written "${field}.${inner}: [ … ]"` };
}
