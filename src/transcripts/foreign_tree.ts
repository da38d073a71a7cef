// A logtree that anybody may have written, as nodes to walk over: what is no node is left out, and depth has an end.

import { isJsonObject, type JsonObject, type JsonValue, objectOf, textOf } from '../util/json.ts';

export interface TreeNode {
  tag: string;
  id: string;
  classes: readonly string[];
  data: JsonObject | null;
  children: readonly (TreeNode | string)[];
}

/** Trees of either cookbook are half as deep. */
const MOST_DEPTH = 48;

/** Null for what is no tree. */
export function rootOf(value: JsonValue): TreeNode | null {
  return nodeOf(objectOf(value).root, MOST_DEPTH);
}

function nodeOf(value: JsonValue | undefined, depth: number): TreeNode | null {
  if (!isJsonObject(value) || typeof value.tag !== 'string') return null;
  const { tag, attrs, children, data } = value;
  return {
    tag,
    id: textOf(objectOf(attrs).id) ?? '',
    classes: (textOf(objectOf(attrs).class) ?? '').split(' '),
    data: isJsonObject(data) ? data : null,
    children:
      depth > 0 && Array.isArray(children)
        ? children.flatMap((child) => (typeof child === 'string' ? child : (nodeOf(child, depth - 1) ?? [])))
        : [],
  };
}

/** The nodes among the children. */
export function nodesIn({ children }: TreeNode): TreeNode[] {
  return children.flatMap((child) => (typeof child === 'string' ? [] : child));
}

export function textIn({ children }: TreeNode): string {
  return children.map((child) => (typeof child === 'string' ? child : textIn(child))).join('');
}

/** Rows of two cells: a name and its value. */
export function namedValues(table: TreeNode): [string, string][] {
  if (table.tag === 'tr') {
    const cells = nodesIn(table).filter(({ tag }) => tag === 'td');
    return cells.length === 2 ? [[textIn(cells[0]), textIn(cells[1])]] : [];
  }
  return nodesIn(table).flatMap(namedValues);
}
