// `key.path=value` arguments laid on a document: the value is YAML, its place is the command line.

import type { Diagnostic } from '../util/errors.ts';
import { COMMAND_LINE, diagnosticAt } from './diagnostics.ts';
import { dottedPath, parsePath } from './path.ts';
import { missingStage } from './stage_names.ts';
import { asBuilder, type MappingNode, type Node } from './tree.ts';
import type { SourcePlace, SpecPath } from './types.ts';
import { parseYaml } from './yaml.ts';

export interface Overridden {
  root: MappingNode;
  diagnostics: Diagnostic[];
}

/** Applies the arguments in order: the last one wins. Relative paths in them start from `cwd`. */
export function applyOverrides(root: MappingNode, overrides: readonly string[], cwd: string): Overridden {
  const diagnostics: Diagnostic[] = [];
  let result = root;
  for (const argument of overrides) {
    const applied = applyOverride(result, argument, cwd);
    diagnostics.push(...applied.diagnostics);
    result = applied.root;
  }
  return { root: result, diagnostics };
}

function applyOverride(root: MappingNode, argument: string, cwd: string): Overridden {
  const at: SourcePlace = { file: COMMAND_LINE, line: 1, column: 1, directory: cwd, argument };
  const fail = (message: string, path: SpecPath = []): Overridden => ({
    root,
    diagnostics: [diagnosticAt(at, path, message)],
  });
  const equals = argument.indexOf('=');
  if (equals === -1) return fail('expected key.path=value');
  const path = parsePath(argument.slice(0, equals));
  if (/(^|\.)__proto__(\.|\[|=)/.test(argument.slice(0, equals + 1)))
    return fail('no field can have the name "__proto__"');
  if (path === null) return fail('expected a path like dataset.batch_size or evaluators[0].name before "="');
  if (path[0] === 'extends') return fail('this can only stand in a file', path);
  const { root: parsed, diagnostics } = parseYaml(argument.slice(equals + 1), {
    file: COMMAND_LINE,
    directory: cwd,
    argument: { text: argument, offset: equals + 1 },
  });
  if (diagnostics.length > 0) return { root, diagnostics };
  if (parsed?.kind === 'mapping' && parsed.entries.has('extends'))
    return fail('extends can only stand in a file', path);
  const value: Node = parsed ?? { kind: 'scalar', value: null, place: { ...at, column: equals + 2 } };
  const changed = setIn(root, path, 0, value, at);
  return typeof changed === 'string' ? fail(changed, path) : { root: changed, diagnostics: [] };
}

/** The mapping with the value set at `path[depth…]`, or what is in the way. Fields that are absent are made. */
function setIn(node: MappingNode, path: SpecPath, depth: number, value: Node, at: SourcePlace): MappingNode | string {
  const name = String(path[depth]);
  const entry = node.entries.get(name);
  if (entry === undefined) {
    const missing = missingStage(path, depth, [...node.entries.keys()]);
    if (missing !== null) return missing;
  }
  const child = setBelow(entry?.node, path, depth + 1, value, at);
  if (typeof child === 'string') return child;
  const key = entry === undefined || depth === path.length - 1 ? at : entry.key;
  return { ...node, entries: new Map(node.entries).set(name, { key, node: child }) };
}

function setBelow(node: Node | undefined, path: SpecPath, depth: number, value: Node, at: SourcePlace): Node | string {
  const segment = path[depth];
  if (segment === undefined) return value;
  const where = dottedPath(path.slice(0, depth));
  if (typeof segment === 'string') {
    const mapping = asMapping(node, at);
    return mapping === undefined ? `${where} has no fields` : setIn(mapping, path, depth, value, at);
  }
  if (node?.kind !== 'list') return `${where} is no list`;
  const item = node.items[segment];
  if (item === undefined) return `${where} has no element ${segment}; they count from 0 to ${node.items.length - 1}`;
  const changed = setBelow(item, path, depth + 1, value, at);
  return typeof changed === 'string' ? changed : { ...node, items: node.items.with(segment, changed) };
}

/** What a field of it can be set in: a mapping, nothing yet, or the bare name of a builder. */
function asMapping(node: Node | undefined, at: SourcePlace): MappingNode | undefined {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) {
    return { kind: 'mapping', entries: new Map(), place: at };
  }
  if (node.kind === 'scalar') return asBuilder(node);
  return node.kind === 'mapping' ? node : undefined;
}
