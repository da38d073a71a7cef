// What docs/renderers.md shows of the catalogue, made of the catalogue: its table, and a picture of one conversation a family.

import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { listedRenderers } from '../../src/renderers/command.ts';
import type { CatalogueEntry } from '../../src/renderers/definition.ts';
import type { Message } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { charTokenizer } from './char_tokenizer.ts';

const yes = (value: boolean | null) => (value === null ? 'template' : value ? 'yes' : '');

/** The table as Markdown, a row a renderer. */
function rendererTable(): string {
  const rows = listedRenderers().map((each) => [
    `\`${each.name}\``,
    each.stop_sequences?.map((stop) => `\`${stop.replaceAll('\n', '\\n').replaceAll('|', '\\|')}\``).join(' ') ??
      'template',
    yes(each.tools),
    each.thinking ?? 'template',
    yes(each.extension_property),
    yes(each.streaming),
    each.models.map((model) => model.split('/')[1]).join(', '),
  ]);
  const head = [
    'renderer',
    'a reply ends at',
    'tools',
    'reasoning',
    'history only grows',
    'streams',
    'recommended for',
  ];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One of each family. */
const SHOWN = [
  'role_colon',
  'llama3',
  'qwen3',
  'qwen3_5',
  'qwen3_8_xhigh_reasoning',
  'deepseekv3_thinking',
  'deepseekv4_1',
  'glm5_3_max_reasoning',
  'gpt_oss_medium_reasoning',
  'kimi_k2',
  'kimi_k25',
  'nemotron3',
];
const COLUMNS = 88;
const LINE = 18;

interface Cell {
  text: string;
  kind: 'special' | 'said' | 'trained';
}

/** One conversation as each family writes it; what is trained stands on green. */
export function rendererPicture(): string {
  const body: string[] = [];
  let y = LINE;
  for (const name of SHOWN) {
    const entry = CATALOGUE.find((each) => each.name === name);
    if (entry === undefined) continue;
    body.push(`<text x="8" y="${y}" class="name">${name}</text>`);
    for (const line of linesOf(entry)) {
      y += LINE;
      body.push(...drawn(line, y));
    }
    y += 2 * LINE;
  }
  const style =
    'text{font:13px monospace;white-space:pre;fill:#24292f}.name{font-weight:bold}.special{fill:#8250df}.green{fill:#aceebb}';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${COLUMNS * 8 + 16} ${y - LINE}"><title>One conversation as each family writes it</title><style>${style}</style><rect width="100%" height="100%" fill="#fff"/>
${body.join('\n')}
</svg>
`;
}

function linesOf(entry: CatalogueEntry): Cell[][] {
  const reasons = entry.thinking === 'sampled' || entry.thinking === 'opened';
  const reply: Message = {
    role: 'assistant',
    content: [
      ...(reasons ? [{ type: 'thinking' as const, thinking: '12 and 7 make 19.' }] : []),
      { type: 'text', text: 'It is 19.' },
    ],
  };
  const tokenizer = charTokenizer();
  const renderer = entry.create(tokenizer);
  const messages: Message[] = [{ role: 'user', content: 'What is 12 + 7?' }, reply];
  const { model_input, weights } = renderer.buildSupervisedExample(messages, 'last_assistant_turn');
  const lines: Cell[][] = [[]];
  let width = 0;
  for (const [index, token] of tokensOf(model_input).entries()) {
    const spelt = tokenizer.decode([token]);
    const text = spelt.replace('\n', '⏎');
    if (width + text.length > COLUMNS) {
      lines.push([]);
      width = 0;
    }
    lines
      .at(-1)
      ?.push({ text, kind: weights[index] > 0 ? 'trained' : tokenizer.isSpecial(token) ? 'special' : 'said' });
    width += text.length;
    if (spelt === '\n') {
      lines.push([]);
      width = 0;
    }
  }
  return lines.filter((line) => line.length > 0);
}

/** Stretches of one kind, each a text, with a rectangle behind what is trained. */
function drawn(line: readonly Cell[], y: number): string[] {
  const runs: Cell[] = [];
  for (const { text, kind } of line) {
    const last = runs.at(-1);
    if (last?.kind === kind) last.text += text;
    else runs.push({ text, kind });
  }
  let column = 0;
  return runs.flatMap(({ text, kind }) => {
    const x = 8 + column * 8;
    const width = [...text].length * 8;
    column += [...text].length;
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    const behind =
      kind === 'trained' ? [`<rect x="${x}" y="${y - 13}" width="${width}" height="17" class="green"/>`] : [];
    return [...behind, `<text x="${x}" y="${y}" textLength="${width}" class="${kind}">${escaped}</text>`];
  });
}

const TABLE = /(<!-- catalogue -->\n).*?(\n<!-- end -->)/s;

/** The page with the table as it is now. */
export function withTable(page: string): string {
  return page.replace(TABLE, (_, before: string, after: string) => `${before}\n${rendererTable()}\n${after}`);
}
