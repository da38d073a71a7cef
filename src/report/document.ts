// A report for people as a list of blocks, and the two ways to write it down: plain text and Markdown.

import { displayWidth } from '../util/display_width.ts';
import { checkSize } from './limits.ts';

interface TextTable {
  columns: { name: string; align: 'left' | 'right' }[];
  rows: string[][];
}

export type Block = { heading: string } | { lines: string[] } | { table: TextTable };

export function toText(blocks: readonly Block[]): string {
  return blocks.map((block) => textLines(block).join('\n')).join('\n\n');
}

export function toMarkdown(blocks: readonly Block[]): string {
  return blocks.map((block) => markdownLines(block).join('\n')).join('\n\n');
}

function textLines(block: Block): string[] {
  if ('heading' in block) return [block.heading];
  if ('lines' in block) return block.lines;
  const { columns, rows } = block.table;
  const header = columns.map(({ name }) => name);
  const widths = header.map((name, i) =>
    rows.reduce((width, row) => Math.max(width, displayWidth(row[i] ?? '')), displayWidth(name)),
  );
  const width = widths.reduce((sum, each) => sum + each + 2, 0);
  checkSize(rows.length, rows.length * width);
  const rule = widths.map((width) => '─'.repeat(width));
  return [header, rule, ...rows].map((row) =>
    row
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join('  ')
      .trimEnd(),
  );
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

function markdownLines(block: Block): string[] {
  if ('heading' in block) return [`### ${escapeMarkdown(block.heading)}`];
  if ('lines' in block) return block.lines.map((line) => `- ${escapeMarkdown(line)}`);
  const { columns, rows } = block.table;
  const line = (cells: string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const rule = `| ${columns.map(({ align }) => (align === 'right' ? '---:' : '---')).join(' | ')} |`;
  return [line(columns.map(({ name }) => name)), rule, ...rows.map(line)];
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|]/g, (character) => `\\${character}`);
}
