// HTML as plain data, and as the text of one file that needs nothing beside itself: no script, no other file.

import { printableText } from './printable.ts';

export interface HtmlNode {
  tag: string;
  attrs: Readonly<Record<string, string>>;
  children: readonly (HtmlNode | string)[];
}

/** A node, whatever its children are. */
export function element<Child>(
  tag: string,
  attrs: Readonly<Record<string, string>>,
  children: readonly Child[] = [],
): { tag: string; attrs: Readonly<Record<string, string>>; children: readonly Child[] } {
  return { tag, attrs, children };
}

export interface HtmlPage {
  title: string;
  /** Beside the style that all pages have. */
  css: string;
  body: HtmlNode;
}

/** Browsers load nothing for such a page and run nothing in it, whatever comes to stand there. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** For light and for dark surroundings. The page is well-formed XML too. */
export function htmlPage({ title, css, body }: HtmlPage): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>${escapeHtml(title)}</title>
<style>
${STYLE}${css}</style>
</head>
${renderHtml(body)}
</html>
`;
}

const NAME = /^[A-Za-z][\w:-]*$/;
const VOID = new Set(['br', 'hr', 'img']);
/** White space behind their end shows nowhere. */
const BLOCKS = new Set(['details', 'div', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'section', 'table', 'tr']);

/** Nodes as text, everything in them escaped. White space is that of the nodes, so that text can be shown as it is. */
export function renderHtml(node: HtmlNode | string): string {
  const parts: string[] = [];
  append(node, parts);
  return parts.join('');
}

function append(node: HtmlNode | string, parts: string[]): void {
  if (typeof node === 'string') {
    parts.push(escapeHtml(node));
    return;
  }
  const { tag, attrs, children } = node;
  parts.push('<', checkedName(tag));
  for (const [name, value] of Object.entries(attrs)) parts.push(` ${checkedName(name)}="${escapeHtml(value)}"`);
  if (VOID.has(tag)) {
    parts.push('/>');
    return;
  }
  parts.push('>');
  for (const child of children) append(child, parts);
  parts.push(`</${tag}>`);
  if (BLOCKS.has(tag)) parts.push('\n');
}

/** Names of tags and attributes are the program's own. */
function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new Error(`${JSON.stringify(name)} is no name of a tag or an attribute`);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Half a character, and the two that are never one. */
const NO_CHARACTERS = /[\p{Cs}\ufffe\uffff]/gu;

/**
 * Text as it stands between tags and in quotes. What a page cannot hold, or what would turn its text around, is shown by
 * its code, `\u0000`.
 */
export function escapeHtml(text: string): string {
  return printableText(text)
    .replace(NO_CHARACTERS, (code) => `\\u${code.charCodeAt(0).toString(16)}`)
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

const STYLE = `:root {
  color-scheme: light dark;
  --ground: #fff; --raised: #f4f5f7; --line: #d8dce2; --ink: #1d2025; --soft: #5c6370; --accent: #2a5db0;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181c; --raised: #1f2329; --line: #363c45; --ink: #e4e7ec; --soft: #9aa3b0; --accent: #82aaf0; }
}
body {
  margin: 0 auto; padding: 1.5rem; max-width: 75rem;
  background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
}
h1, h2, h3, h4, h5, h6 { margin: 1.2em 0 0.4em; line-height: 1.25; font-weight: 600; }
h1 { font-size: 1.5rem; margin-top: 0; } h2 { font-size: 1.2rem; } h3 { font-size: 1.05rem; } h4, h5, h6 { font-size: 1rem; }
table { border-collapse: collapse; margin: 0.5rem 0; font-size: 0.9em; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.8rem 0.15rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
a { color: var(--accent); }
`;
