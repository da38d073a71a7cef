// A log as a tree of plain data: what people read of it in a browser, and what programs read of it as JSON
// (tinker_cookbook/utils/logtree.py; its names of tags and classes). A tree is made of what is finished, and no state is kept.

import { element, htmlPage } from '../util/html.ts';
import type { JsonObject } from '../util/json.ts';

export interface LogtreeNode {
  tag: string;
  attrs: Readonly<Record<string, string>>;
  children: readonly LogtreeChild[];
  /** What the node shows, for programs: in JSON it takes the place of the children. */
  data?: JsonObject;
}

type LogtreeChild = LogtreeNode | string;

export interface Logtree {
  title: string;
  /** ISO 8601. The only time in it. */
  started_at: string;
  /** Of the HTML file, from the run directory. */
  path: string;
  root: LogtreeNode;
}

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'] as const;

export function logtree(
  { title, started_at, path }: Omit<Logtree, 'root'>,
  children: readonly LogtreeChild[],
): Logtree {
  const subtitle = element('div', { class: 'lt-subtitle' }, [started_at]);
  const head = [element('h1', { class: 'lt-title' }, [title]), subtitle];
  return { title, started_at, path, root: element('body', { class: 'lt-root' }, [...head, ...children]) };
}

/** A part under a heading of its own, 2 being that of the largest. */
export function section(
  { level, title, id }: { level: number; title: string; id?: string },
  children: readonly LogtreeChild[],
): LogtreeNode {
  const body = element('div', { class: 'lt-section-body' }, children);
  return element('section', { class: 'lt-section', ...(id === undefined ? {} : { id }) }, [
    heading(level, title),
    body,
  ]);
}

export function heading(level: number, title: string): LogtreeNode {
  const tag = HEADINGS[Math.min(Math.max(level, 1), HEADINGS.length) - 1];
  return element(tag, { class: `lt-${tag}` }, [title]);
}

/** A way to the node of an id. */
export function link(id: string, content: string): LogtreeNode {
  return element('a', { href: `#${id}` }, [content]);
}

/** A sentence about what follows. */
export function remark(content: string): LogtreeNode {
  return element('p', { class: 'lt-p lt-remark' }, [content]);
}

/** Text as it is, line by line. `kind` names its look. */
export function text(content: string, kind = ''): LogtreeNode {
  return element('div', { class: kind === '' ? 'lt-text' : `lt-text lt-${kind}` }, [content]);
}

/** What is folded away behind a line. */
export function details(
  summary: string,
  children: readonly LogtreeChild[],
  { open = false, id }: { open?: boolean; id?: string } = {},
): LogtreeNode {
  const line = element('summary', {}, [summary]);
  const body = element('div', { class: 'lt-details-body' }, children);
  const attrs = { class: 'lt-details', ...(open ? { open: 'open' } : {}), ...(id === undefined ? {} : { id }) };
  return element('details', attrs, [line, body]);
}

/** Without columns it has no head. */
export function table(columns: readonly string[], rows: readonly (readonly LogtreeChild[])[]): LogtreeNode {
  const row = (tag: 'td' | 'th', cells: readonly LogtreeChild[]) =>
    element(
      'tr',
      {},
      cells.map((cell) => element(tag, {}, [cell])),
    );
  const body = element(
    'tbody',
    {},
    rows.map((cells) => row('td', cells)),
  );
  const head = columns.length === 0 ? [] : [element('thead', {}, [row('th', columns)])];
  return element('table', { class: 'lt-table' }, [...head, body]);
}

/** Names with their values, of several records one after the other. */
export function tableOf(...records: readonly Readonly<Record<string, string | number>>[]): LogtreeNode {
  return table(
    [],
    records
      .flatMap((record) => Object.entries(record))
      .map(([name, value]) => [name, typeof value === 'number' ? shortNumber(value) : String(value)]),
  );
}

/** A number for people: six digits tell enough. */
export function shortNumber(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
}

/** The tree as a page: one file, with its style in it. */
export function logtreeHtml({ title, root }: Logtree): string {
  return htmlPage({ title, css: CSS, body: root });
}

/** The tree as JSON. */
export function logtreeJson(tree: Logtree): Logtree {
  return { ...tree, root: forPrograms(tree.root) };
}

function forPrograms({ tag, attrs, children, data }: LogtreeNode): LogtreeNode {
  if (data !== undefined) return { tag, attrs, children: [], data };
  return { tag, attrs, children: children.map((child) => (typeof child === 'string' ? child : forPrograms(child))) };
}

const CSS = `
.lt-subtitle, .lt-remark { color: var(--soft); }
.lt-section { margin: 1rem 0; }
.lt-section .lt-section { border-left: 3px solid var(--line); padding-left: 1rem; }
.lt-p { margin: 0.4rem 0; }
.lt-text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.4rem 0; padding: 0.5rem 0.7rem; background: var(--raised); border-radius: 4px; font: 13px/1.5 ui-monospace, monospace; }
.lt-table td { white-space: pre-wrap; overflow-wrap: anywhere; }
.lt-details { margin: 0.4rem 0; }
.lt-details > summary { cursor: pointer; color: var(--soft); overflow-wrap: anywhere; }
.lt-details-body { padding-left: 1rem; }
.lt-message { margin: 0.5rem 0; }
.lt-role { color: var(--soft); font-size: 0.85em; }
.lt-image { max-width: 100%; }
.lt-thinking { font-style: italic; color: var(--soft); }
.lt-action { border-left: 3px solid var(--accent); }
.lt-p0 { background: #e0555566; } .lt-p1 { background: #e8803c59; } .lt-p2 { background: #e8b53c4d; } .lt-p3 { background: #e8d43c38; }
`;
