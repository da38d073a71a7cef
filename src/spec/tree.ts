// A YAML document as a tree in which every value and every key knows the place that it was written at.

import type { JsonObject, JsonValue } from '../util/json.ts';
import type { SourcePlace, SpecPath } from './types.ts';

export type Node = ScalarNode | ListNode | MappingNode;

export interface ScalarNode {
  kind: 'scalar';
  value: string | number | boolean | null;
  place: SourcePlace;
}

interface ListNode {
  kind: 'list';
  items: readonly Node[];
  place: SourcePlace;
}

export interface MappingNode {
  kind: 'mapping';
  entries: ReadonlyMap<string, Entry>;
  place: SourcePlace;
}

export interface Entry {
  /** Where the key stands. */
  key: SourcePlace;
  node: Node;
}

function toJson(node: Node): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toJson);
    case 'mapping':
      return mappingToJson(node);
  }
}

export function mappingToJson(node: MappingNode): JsonObject {
  const value: JsonObject = {};
  for (const [name, entry] of node.entries) value[name] = toJson(entry.node);
  return value;
}

/** Lays `over` on `under`: mappings merge field by field, all else is replaced. */
export function mergeMappings(under: MappingNode, over: MappingNode): MappingNode {
  const entries = new Map(under.entries);
  for (const [name, { key, node }] of over.entries) {
    const below = entries.get(name)?.node;
    entries.set(name, { key, node: below === undefined ? node : mergeNodes(below, node) });
  }
  return { kind: 'mapping', entries, place: over.place };
}

/** A mapping that names another builder than the one below replaces it: the parameters of that one mean nothing to it. */
function mergeNodes(below: Node, over: Node): Node {
  if (over.kind !== 'mapping') return over;
  const under = below.kind === 'scalar' ? asBuilder(below) : below;
  return under?.kind === 'mapping' && !namesAnotherBuilder(under, over) ? mergeMappings(under, over) : over;
}

/** The mapping that a builder's bare name stands for; undefined for what cannot be a name. */
export function asBuilder(node: ScalarNode): MappingNode | undefined {
  if (typeof node.value !== 'string') return undefined;
  return { kind: 'mapping', entries: new Map([['builder', { key: node.place, node }]]), place: node.place };
}

function namesAnotherBuilder(under: MappingNode, over: MappingNode): boolean {
  const [a, b] = [under.entries.get('builder')?.node, over.entries.get('builder')?.node];
  return b !== undefined && !(a?.kind === 'scalar' && b.kind === 'scalar' && a.value === b.value);
}

/** The place of the value or key at a path, or of the nearest enclosing key where the tree does not reach so far. */
export function placeAt(root: MappingNode, path: SpecPath, part: 'key' | 'value'): SourcePlace {
  let node: Node = root;
  let key = root.place;
  for (const segment of path) {
    const entry = childOf(node, segment);
    if (entry === undefined) return key;
    node = entry.node;
    key = entry.key;
  }
  return part === 'key' ? key : node.place;
}

function childOf(node: Node, segment: string | number): Entry | undefined {
  if (node.kind === 'mapping' && typeof segment === 'string') return node.entries.get(segment);
  if (node.kind === 'list' && typeof segment === 'number') {
    const item = node.items[segment];
    return item && { key: item.place, node: item };
  }
  return undefined;
}
