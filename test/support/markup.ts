// A strict reader of well-formed markup: what our pages must be to be read as they were meant.

import type { HtmlNode } from '../../src/util/html.ts';

const TOKEN = /<!DOCTYPE html>|<\/([A-Za-z][\w:-]*)>|<([A-Za-z][\w:-]*)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** The one element of a text, its white space and all. Throws for whatever is not well-formed. */
export function parseMarkup(text: string): HtmlNode {
  const root: Open = { tag: '', attrs: {}, children: [] };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const [whole, closed, opened, attrs = '', isVoid, content] = TOKEN.exec(text) ?? [];
    if (whole === undefined) throw new Error(`not well-formed: ${JSON.stringify(text.slice(at, at + 60))}`);
    const parent = open[open.length - 1];
    if (content !== undefined) parent.children.push(decoded(content));
    if (opened !== undefined) {
      const node: Open = { tag: opened, attrs: attributes(attrs), children: [] };
      parent.children.push(node);
      if (isVoid === '') open.push(node);
    }
    if (closed !== undefined && open.pop()?.tag !== closed) throw new Error(`</${closed}> closes nothing`);
  }
  if (open.length !== 1) throw new Error(`<${open[open.length - 1].tag}> is not closed`);
  const elements = root.children.filter((child) => typeof child !== 'string');
  if (elements.length !== 1) throw new Error(`${elements.length} elements`);
  return elements[0];
}

interface Open {
  tag: string;
  attrs: Record<string, string>;
  children: (HtmlNode | string)[];
}

function attributes(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name, decoded(value)] as const);
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new Error(`an attribute twice: ${text}`);
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  return text.replace(/&([^;&]*;?)/g, (entity, name: string) => {
    const character = ENTITIES[name.slice(0, -1)];
    if (!name.endsWith(';') || character === undefined) throw new Error(`no entity: ${entity}`);
    return character;
  });
}

/** All nodes of a tree, the root first. */
export function* nodesOf(node: HtmlNode): Generator<HtmlNode> {
  yield node;
  for (const child of node.children) if (typeof child !== 'string') yield* nodesOf(child);
}

/** What a person reads of a node. */
export function contentOf(node: HtmlNode | string): string {
  return typeof node === 'string' ? node : node.children.map(contentOf).join('');
}
