// cookbook recipes: the configs and sweeps that ship, as a table, one by one, and as data.

import { toText } from '../report/document.ts';
import type { JsonObject } from '../util/json.ts';
import { programName } from '../util/program_name.ts';
import { wrapped } from '../util/wrapped.ts';
import { measuredText } from './head.ts';
import { type Recipe, readShelf, recipeCalled } from './shelf.ts';

export interface ShelfAnswer {
  /** What `--json` prints. */
  json: JsonObject;
  text: string;
}

/** @param width columns of the terminal */
export async function listRecipes(width: number): Promise<ShelfAnswer> {
  const shelf = await readShelf();
  const columns = ['recipe', 'what it shows', 'measured here'].map((name) => ({ name, align: 'left' as const }));
  const tables = (['config', 'sweep'] as const).map((kind) => ({
    table: {
      columns: [{ ...columns[0], name: kind }, ...columns.slice(1)],
      rows: shelf.filter((recipe) => recipe.kind === kind).map(rowOf),
    },
  }));
  const next = [
    `  ${programName()} recipes show dpo      the whole of one`,
    `  ${programName()} recipes copy dpo my   a copy to change, with all that it refers to`,
  ];
  return { json: { recipes: shelf.map(recipeJson) }, text: `${toText(tables, width).trimEnd()}\n\n${next.join('\n')}` };
}

/** The first figure is the one that it is about. */
function rowOf({ name, head }: Recipe): string[] {
  const [measured] = head.measured;
  return [name, head.shows, measured === undefined ? `— (${head.unmeasured})` : measuredText(measured)];
}

/** The whole of one: what its head says, and the spec as it is written. @param width columns of the terminal */
export async function showRecipe(called: string, width = Number.POSITIVE_INFINITY): Promise<ShelfAnswer> {
  const recipe = recipeCalled(called, await readShelf());
  return {
    json: { ...recipeJson(recipe), source: recipe.source },
    text: withCommentsWithin(recipe.source.trimEnd(), width),
  };
}

/** On a terminal what is told in comments is broken between words. Commands and the spec itself stay as they are. */
function withCommentsWithin(source: string, width: number): string {
  const lines = source.split('\n').map((line) => {
    const [, told] = /^# (\S.*)$/.exec(line) ?? [];
    if (told === undefined || told.startsWith('yaml-language-server')) return line;
    return wrapped(told, 0, width - 2, (part) => `# ${part}`);
  });
  return lines.join('\n');
}

function recipeJson({ name, kind, file, head }: Recipe): JsonObject {
  const { shows, commands, measured, unmeasured, controls, published, takes } = head;
  return {
    name,
    kind,
    file,
    shows,
    commands,
    measured: measured.map(({ before, after, ...rest }) => ({
      ...rest,
      before: before === null ? null : { value: before.value, sd: before.sd },
      after: { value: after.value, sd: after.sd },
    })),
    unmeasured,
    controls,
    published: published.map((each) => ({ ...each })),
    takes,
  };
}
