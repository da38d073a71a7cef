// A sweep file and the base that it changes: read, checked field by field, with the builders of their plugins registered.

import type { Registry } from '../registry/registry.ts';
import { parseAt } from '../run_files/objective.ts';
import { describeValue } from '../spec/describe.ts';
import { diagnose, diagnosticAt } from '../spec/diagnostics.ts';
import { type LoadOptions, loadDocument } from '../spec/load.ts';
import { absolutePath } from '../spec/location.ts';
import { MISSING } from '../spec/mismatch.ts';
import { slashPath, valueAt } from '../spec/path.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { resolveFields, surroundings } from '../spec/resolve.ts';
import { readSource } from '../spec/source.ts';
import type { Issue, SpecDocument, SpecPath } from '../spec/types.ts';
import { SpecError } from '../util/errors.ts';
import { pathFrom } from '../util/files.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf } from '../util/json.ts';
import { isSweepOverride, ON_FAILURE, parseDuration, type SweepFields, sweepParams } from './grammar.ts';

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
  return pathFrom(cwd, path);
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

/** Texts that the schema lets pass. */
function misspelt({ objective, execution, charts }: JsonObject): Issue[] {
  const at = isJsonObject(objective) ? objective.at : undefined;
  const { on_failure, resources, timeout } = objectOf(execution);
  const issues: Issue[] = [];
  if (typeof at === 'string' && parseAt(at) === null) {
    const message = `expected last, best, or a step as step:200; got ${describeValue(at)}`;
    issues.push({ path: ['objective', 'at'], part: 'value', message });
  }
  if (typeof on_failure === 'string' && !ON_FAILURE.some((name) => name === on_failure)) {
    const message = `${ON_FAILURES}; got ${describeValue(on_failure)}`;
    issues.push({ path: ['execution', 'on_failure'], part: 'value', message });
  }
  const { stages, time } = objectOf(resources);
  const times: [SpecPath, JsonValue | undefined][] = [
    [['timeout'], timeout],
    [['resources', 'time'], time],
    ...Object.entries(objectOf(stages)).map(([name, stage]): [SpecPath, JsonValue | undefined] => [
      ['resources', 'stages', name, 'time'],
      objectOf(stage).time,
    ]),
  ];
  for (const [path, text] of times) {
    if (typeof text !== 'string' || parseDuration(text) !== null) continue;
    issues.push({ path: ['execution', ...path], part: 'value', message: `${A_TIME}; got ${describeValue(text)}` });
  }
  if (Array.isArray(charts)) issues.push(...foreignData(charts, ['charts']));
  return issues;
}

const CHART_DATA = 'the data of a chart are the rows of its sql';
const CHART_LOADS = 'a chart loads nothing and links to nothing: what it shows are the rows of its sql';
const FOREIGN_DATA = new Map([
  ['data', CHART_DATA],
  ['datasets', CHART_DATA],
  ['url', CHART_LOADS],
  ['href', CHART_LOADS],
]);

/** Where specs of charts bring data of their own, or say where to get it. */
function foreignData(value: JsonValue | undefined, path: SpecPath): Issue[] {
  const members = Array.isArray(value) ? [...value.entries()] : isJsonObject(value) ? Object.entries(value) : [];
  return members.flatMap(([name, member]) => {
    const message = typeof name === 'string' ? FOREIGN_DATA.get(name) : undefined;
    return message === undefined
      ? foreignData(member, [...path, name])
      : [{ path: [...path, name], part: 'key' as const, message }];
  });
}

const A_TIME = 'expected a time of at most 24 days as 90s, 15m, 2h or 1.5d';
const TIMES = /^execution\/(timeout|resources\/(stages\/[^/]+\/)?time)$/;
const ON_FAILURES = 'expected continue, stop, or a share of failed runs as {rate: 0.5, after: 10}';
const SEEDS = 'expected a number of seeds from 1 up, or a list of different ones';

/** What Optuna and Ray Tune call it. */
const OTHER_NAMES_OF_MAX_RUNS = new Set(['max_trials', 'n_trials', 'num_samples', 'num_trials', 'trials']);

/** The schema's view of what is wrong, in words for those who know other tools where there are better ones. */
function explained(issue: Issue, document: SpecDocument): Issue {
  const path = slashPath(issue.path);
  const value = valueAt(document.value, issue.path);
  if (path === 'seeds') return { ...issue, message: `${SEEDS}; got ${describeValue(value)}` };
  if (path === 'execution/on_failure') return { ...issue, message: `${ON_FAILURES}; got ${describeValue(value)}` };
  if (TIMES.test(path)) return { ...issue, message: `${A_TIME}; got ${describeValue(value)}` };
  if (issue.message.startsWith('unknown field') && OTHER_NAMES_OF_MAX_RUNS.has(path)) {
    return { ...issue, message: 'unknown field; did you mean "max_runs"?' };
  }
  const [slot, missing] = issue.path;
  if (issue.message === MISSING && issue.path.length === 2 && (slot === 'search' || slot === 'early_stopping')) {
    const written = valueAt(document.value, [slot]);
    // By its name alone there is no place for the field.
    if (typeof written === 'string') {
      return { ...issue, message: `${MISSING}; write ${slot}: {builder: ${written}, ${missing}: …}` };
    }
  }
  const field = axisAt(issue.path);
  return field === null ? issue : { ...issue, message: `an axis is a list${axisHint(field, value)}` };
}

/** The field whose axis stands at a path; null where no axis does. */
function axisAt(path: SpecPath): string | null {
  const [section, ...names] = path[0] === 'cases' ? path.slice(2) : path;
  const depth = section === 'grid' ? 1 : section === 'zip' ? 2 : 0;
  const field = names.at(-1);
  return names.length === depth && typeof field === 'string' ? field : null;
}

function axisHint(field: string, value: JsonValue | undefined): string {
  if (Array.isArray(value)) return ' of at least one value';
  return `; for one value write ${field}: [${JSON.stringify(value)}]`;
}
