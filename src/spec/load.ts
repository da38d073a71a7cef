// A spec file to a document: the files that it extends below it, the overrides on top, references replaced.

import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type Diagnostic, SpecError } from '../util/errors.ts';
import { deepFreeze, type JsonObject } from '../util/json.ts';
import { spaceHint } from './describe.ts';
import { diagnose, diagnosticAt } from './diagnostics.ts';
import { interpolate } from './interpolate.ts';
import { absolutePath } from './location.ts';
import { nearPathsHint } from './near_files.ts';
import { applyOverrides } from './overrides.ts';
import type { Environment } from './secrets.ts';
import { readSource } from './source.ts';
import { type MappingNode, mappingToJson, mergeMappings, type Node, placeAt } from './tree.ts';
import type { SourcePlace, SpecDocument, SpecPath } from './types.ts';
import { parseYaml } from './yaml.ts';

export interface LoadOptions {
  /** `key.path=value` arguments, applied in order. */
  overrides: readonly string[];
  /** Where `file`, and relative paths in overrides, start from. */
  cwd: string;
  env: Environment;
}

/**
 * Reads a run or sweep spec. Everything that is wrong with the text of its files is told at once, then everything that is
 * wrong with overrides and references.
 * @throws SpecError with places in the files, which bear the names that the user knows them by.
 */
export async function loadDocument(file: string, { overrides, cwd, env }: LoadOptions): Promise<SpecDocument> {
  const merged = await loadTree(file, cwd);
  const { root, diagnostics } = applyOverrides(merged, overrides, cwd);
  const template = deepFreeze(mappingToJson(root));
  const { value, issues } = interpolate(template, env);
  const document: SpecDocument = {
    value: deepFreeze(value),
    template,
    placeOf: (path, part = 'value') => placeAt(root, path, part),
    file,
  };
  if (issues.length + diagnostics.length > 0) throw new SpecError([...diagnose(document, issues), ...diagnostics]);
  return document;
}

const SWEEP_FIELDS = ['base', 'grid', 'zip', 'cases', 'search'];

/** Whether a document is a sweep rather than a run. */
export function isSweepSpec(value: JsonObject): boolean {
  return SWEEP_FIELDS.some((field) => Object.hasOwn(value, field));
}

/** What a file specifies. Overrides have no say: those of a sweep may be meant for its base. */
export async function kindOfSpec(file: string, cwd: string): Promise<'run' | 'sweep'> {
  const { entries } = await loadTree(file, cwd);
  return SWEEP_FIELDS.some((field) => entries.has(field)) ? 'sweep' : 'run';
}

/** A file merged with those that it extends. @throws SpecError with all that is wrong with their text. */
async function loadTree(file: string, cwd: string): Promise<MappingNode> {
  const diagnostics: Diagnostic[] = [];
  const place: SourcePlace = { file, line: 0, column: 0, directory: cwd };
  const target: Target = { shown: file, path: resolve(cwd, file), namedAt: { place, path: [] } };
  const tree = await loadFile(target, [], cwd, diagnostics);
  if (tree === null || diagnostics.length > 0) throw new SpecError(diagnostics);
  return tree;
}

/** A file to load, and what names it: an `extends`, or the command line. */
interface Target {
  /** The name that messages give it. */
  shown: string;
  path: string;
  namedAt: { place: SourcePlace; path: SpecPath };
}

/** A file with those that it extends merged below it. `chain`: the files on the way here, outermost first. */
async function loadFile(
  target: Target,
  chain: readonly Target[],
  cwd: string,
  diagnostics: Diagnostic[],
): Promise<MappingNode | null> {
  const root = await parseFile(target, cwd, diagnostics);
  if (root === null) return null;
  const files = { target, chain, cwd, diagnostics };
  return await overExtended(await withExtendedStages(await withExtendedBase(root, files), files), files);
}

/** The file that a mapping stands in, and where its loading has got to. */
interface Files {
  target: Target;
  chain: readonly Target[];
  cwd: string;
  diagnostics: Diagnostic[];
}

/** The stages of a sweep whose base stands in its own file. */
async function withExtendedBase(root: MappingNode, files: Files): Promise<MappingNode> {
  const base = root.entries.get('base');
  if (base?.node.kind !== 'mapping') return root;
  const node = await withExtendedStages(base.node, files, ['base']);
  return { ...root, entries: new Map(root.entries).set('base', { ...base, node }) };
}

/** A stage may extend the spec of a run: what that says of its own place is not meant for the stage. */
async function withExtendedStages(root: MappingNode, files: Files, at: SpecPath = []): Promise<MappingNode> {
  const stages = root.entries.get('stages');
  if (stages?.node.kind !== 'mapping') return root;
  const entries = new Map(stages.node.entries);
  for (const [name, entry] of entries) {
    if (entry.node.kind !== 'mapping' || !entry.node.entries.has('extends')) continue;
    entries.set(name, { ...entry, node: await overExtended(entry.node, files, [...at, 'stages', name]) });
  }
  return { ...root, entries: new Map(root.entries).set('stages', { ...stages, node: { ...stages.node, entries } }) };
}

const OF_ITS_PLACE = ['log_path', 'if_exists', 'plugins'];

/** A mapping with the files that it extends merged below it. `at`: where it stands in its file. */
async function overExtended(mapping: MappingNode, files: Files, at: SpecPath = []): Promise<MappingNode> {
  const { target, chain, cwd, diagnostics } = files;
  const extended = mapping.entries.get('extends');
  if (extended === undefined) return mapping;
  const entries = new Map(mapping.entries);
  entries.delete('extends');
  let merged: MappingNode = { kind: 'mapping', entries: new Map(), place: mapping.place };
  for (const below of extendedFiles(extended.node, [...at, 'extends'], target.shown, diagnostics)) {
    const circle = [...chain, target, below].map(({ path }) => path);
    if (circle.indexOf(below.path) < circle.length - 1) {
      const names = [...chain, target, below].slice(circle.indexOf(below.path)).map(({ shown }) => shown);
      report(below, `files extend one another in a circle: ${names.join(' → ')}`, diagnostics);
      continue;
    }
    const loaded = await loadFile(below, [...chain, target], cwd, diagnostics);
    if (loaded !== null) merged = mergeMappings(merged, at.length === 0 ? loaded : withoutPlace(loaded));
  }
  return mergeMappings(merged, { ...mapping, entries });
}

function withoutPlace(root: MappingNode): MappingNode {
  return { ...root, entries: new Map([...root.entries].filter(([field]) => !OF_ITS_PLACE.includes(field))) };
}

async function parseFile(target: Target, cwd: string, diagnostics: Diagnostic[]): Promise<MappingNode | null> {
  const source = await readSource(target.path);
  if ('missing' in source) {
    report(target, source.missing + nearPathsHint(target.shown, cwd), diagnostics);
    return null;
  }
  if ('damage' in source) {
    diagnostics.push({ file: target.shown, path: '', ...source.damage });
    return null;
  }
  const parsed = parseYaml(source.text, { file: target.shown, directory: dirname(target.path) });
  diagnostics.push(...parsed.diagnostics);
  if (parsed.diagnostics.length > 0 || parsed.root?.kind === 'mapping') return mappingOrNull(parsed.root);
  const kind =
    parsed.root === null ? 'the file is empty' : `this is ${parsed.root.kind === 'list' ? 'a list' : 'a text'}`;
  const spaceless = parsed.root?.kind === 'scalar' ? spaceHint(String(parsed.root.value)) : '';
  const place = parsed.root?.place ?? { line: 1, column: 1 };
  diagnostics.push({
    file: target.shown,
    line: place.line,
    column: place.column,
    path: '',
    message: `${kind}; a spec is a mapping of fields, like "trainer: supervised"${spaceless && `; ${spaceless}`}`,
  });
  return null;
}

function mappingOrNull(node: Node | null): MappingNode | null {
  return node?.kind === 'mapping' ? node : null;
}

/** The files that an `extends` names, relative to the file that it stands in; the first lies lowest. */
function extendedFiles(node: Node, at: SpecPath, shown: string, diagnostics: Diagnostic[]): Target[] {
  const items = node.kind === 'list' ? [...node.items.entries()] : [[null, node] as const];
  return items.flatMap(([index, item]) => {
    const path = index === null ? at : [...at, index];
    const { place } = item;
    if (item.kind !== 'scalar' || typeof item.value !== 'string') {
      diagnostics.push(diagnosticAt(place, path, 'expected the path of a file, or a list of paths'));
      return [];
    }
    return {
      shown: isAbsolute(item.value) || item.value.startsWith('~') ? item.value : join(dirname(shown), item.value),
      path: absolutePath(item.value, place.directory),
      namedAt: { place, path },
    };
  });
}

function report({ shown, namedAt: { place, path } }: Target, message: string, diagnostics: Diagnostic[]): void {
  const named = path.length === 0 ? message : `${shown}: ${message}`;
  diagnostics.push(diagnosticAt(place, path, named));
}
