// Which runs stand in one table, which of them are replicates of one configuration, and what tells the configurations apart.

import { dirname } from 'node:path';
import { closestNames } from '../registry/suggest.ts';
import { OF_ONE_RUN } from '../run_files/seen_run.ts';
import { ConfigurationError } from '../util/errors.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../util/json.ts';
import { programName } from '../util/program_name.ts';
import { flatten } from './flatten.ts';
import { RUN_COLUMNS, type RunEntry } from './run_entry.ts';
import { stageOrder, startOf } from './stages.ts';

/** Runs that are replicates of each other as far as a table is concerned, with what names them there. */
export interface Cell {
  fields: JsonObject;
  entries: RunEntry[];
}

/** The configurations of one table. */
export interface Grouping {
  title: string;
  /** The place whose single runs of several stages stand in as many tables; null where they do not. */
  stages: string | null;
  /** Names of the columns that tell the cells apart. */
  fields: string[];
  /** Those of them that people are shown. */
  shown: string[];
  /** What the runs of a cell are to each other: seeds of one configuration, or runs that may differ in anything else. */
  replicates: 'seed' | 'run';
  cells: Cell[];
}

/**
 * A table for every sweep, and for the runs that lie beside each other without being one. Stages have tables of their own, each
 * behind those that it starts from: they compute different things.
 */
export function groupBySweep(entries: readonly RunEntry[]): Grouping[] {
  const places = groupBy(entries, ({ row }) => row.sweep ?? dirname(row.run));
  const tables = [...places].flatMap(([place, members]) =>
    stageOrder(members).map((stage) => ({
      place,
      stage,
      stages: areStages(members) ? place : null,
      members: members.filter(({ row }) => (row.stage ?? '') === stage),
    })),
  );
  return tables.map(({ place, stage, stages, members }) => {
    const start = startOf(members, entries);
    const title = stage === '' ? place : `${place}, stage ${stage}${start === '' ? '' : ` (from ${start})`}`;
    const configurations = [...groupBy(members, ({ row }) => row.config_id).values()];
    const fields = stage !== '' && configurations.length === 1 ? ['stage'] : distinguishingFields(configurations);
    const cells = configurations.map((runs) => ({ fields: valuesOf(runs[0], fields), entries: runs }));
    return { title, stages, fields, shown: variedFields(fields, cells), replicates: 'seed', cells };
  });
}

/** Whether these are what one spec asks for, and not the points of a sweep. */
function areStages(members: readonly RunEntry[]): boolean {
  const names = members.map(({ row }) => row.stage);
  return members.every(({ row }) => row.stage !== null && row.sweep === null) && new Set(names).size === names.length;
}

/**
 * One table over all runs by the fields that the user names: fields of specs, axes, or columns of `runs`.
 * @throws ConfigurationError for a field that no run has
 */
export function groupByFields(entries: readonly RunEntry[], fields: readonly string[]): Grouping {
  const known = new Set<string>(Object.keys(RUN_COLUMNS));
  for (const entry of entries) for (const field of fieldsOf(entry).keys()) known.add(field);
  for (const field of fields) {
    if (known.has(field)) continue;
    const near = closestNames(field, [...known]);
    throw new ConfigurationError(`--group-by: no run has a field "${field}"`, {
      hint:
        near.length > 0
          ? `Did you mean ${near.join(' or ')}?`
          : `${programName()} report --sql "DESCRIBE configs" lists them.`,
    });
  }
  const cells = groupBy(entries, (entry) => canonicalJson(valuesOf(entry, fields)));
  return {
    title: 'all runs',
    stages: null,
    fields: [...fields],
    shown: [...fields],
    replicates: 'run',
    cells: [...cells.values()].map((runs) => ({ fields: valuesOf(runs[0], fields), entries: runs })),
  };
}

/** More columns than this say less than the names of the runs. */
const MOST_FIELDS = 6;

/**
 * The sweep's axes if they tell all configurations apart; with the spec's fields that differ beside them if not (a field was
 * edited between two sweeps, or there was no sweep); the name of the run where that is nothing or too much to read.
 */
function distinguishingFields(configurations: readonly RunEntry[][]): string[] {
  const firsts = configurations.flatMap(([first]) => (first === undefined ? [] : [first]));
  const axes = [...new Set(firsts.flatMap(({ row }) => Object.keys(row.axes)))];
  const tellApart = (fields: readonly string[]) =>
    fields.length > 0 && new Set(firsts.map((entry) => canonicalJson(valuesOf(entry, fields)))).size === firsts.length;
  if (tellApart(axes)) return axes;
  const fields = [...axes, ...differingFields(firsts).filter((field) => !axes.includes(field))];
  if (fields.length <= MOST_FIELDS && tellApart(fields)) return fields;
  return fields.length <= MOST_FIELDS ? ['name', ...fields] : ['name', ...axes];
}

/** A field of one value tells no configuration from another; where all are such, they say what the one configuration is. */
function variedFields(fields: string[], cells: readonly Cell[]): string[] {
  const varied = fields.filter(
    (field) => new Set(cells.map((cell) => canonicalJson(cell.fields[field] ?? null))).size > 1,
  );
  return varied.length > 0 ? varied : fields;
}

function differingFields(entries: readonly RunEntry[]): string[] {
  const specs = entries.filter(({ isPlanned }) => !isPlanned).map(({ spec }) => flatten(spec));
  const names = new Set(specs.flatMap((spec) => [...spec.keys()]));
  return [...names]
    .filter((name) => !OF_ONE_RUN.has(name))
    .filter((name) => new Set(specs.map((spec) => JSON.stringify(spec.get(name)))).size > 1)
    .sort();
}

function valuesOf(entry: RunEntry | undefined, fields: readonly string[]): JsonObject {
  if (entry === undefined) return {};
  const values = fieldsOf(entry);
  return Object.fromEntries(fields.map((field) => [field, values.get(field) ?? null]));
}

/** Everything that a run can be grouped by. An axis goes before the field of the spec, which is the same or more detailed. */
function fieldsOf({ row, spec }: RunEntry): Map<string, JsonValue> {
  return new Map([...Object.entries(row), ...flatten(spec), ...Object.entries(row.axes)]);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
