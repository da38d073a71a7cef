// What a spec that ships refers to: other specs, data and plugins of the package, and places where runs land.

import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { isScalar, parseDocument, visit } from 'yaml';
import { isWithin } from '../util/files.ts';
import { PACKAGE } from './shelf.ts';

/** A text of a spec that names a place. `start` and `end` are its offsets in the file, its quotes included. */
export interface Reference {
  start: number;
  end: number;
  is: 'spec' | 'material' | 'place';
  /** Absolute, where the package lies; of a place of the user's, from the directory where commands are typed. */
  target: string;
}

/** Below these the user's runs and data lie, wherever commands are typed. */
const PLACES = ['runs', 'data'];
/** What imports its neighbours is of no use without them. */
const CODE = /\.(?:[cm]?[jt]s|py)$/;

/** The references of a spec that lies in the package at `file`, in their order. */
export function referencesIn(source: string, file: string): Reference[] {
  const references: Reference[] = [];
  visit(parseDocument(source), {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string' || node.range == null) return;
      const [start, end] = node.range;
      const found = placeOf(node.value, dirname(file));
      if (found !== null) references.push({ start, end, ...found });
    },
  });
  return references;
}

function placeOf(text: string, directory: string): Pick<Reference, 'is' | 'target'> | null {
  const isPath = /^\.{1,2}\//.test(text);
  if (text.includes('\n') || !(isPath || /\.\w+$/.test(text))) return null;
  const target = resolve(directory, text);
  if (!isWithin(target, PACKAGE)) return null;
  const fromThere = relative(PACKAGE, target);
  if (PLACES.includes(fromThere.split(sep)[0] ?? '')) return { is: 'place', target: fromThere };
  if (!existsSync(target)) return null;
  return { is: target.endsWith('.yaml') ? 'spec' : 'material', target };
}

/**
 * What has to lie in another place too for a reference to be good there: the file or directory, and the neighbours of code that has a folder of
 * its own. Beside the spec `file` lie other specs.
 */
export function rootOfMaterial(target: string, file: string): string {
  const isAlone = dirname(target) === dirname(file);
  return CODE.test(target) && !isAlone && statSync(target).isFile() ? dirname(target) : target;
}

/** The schema that an editor checks a spec against, as its first line names it. */
export function schemaIn(source: string, file: string): Reference | null {
  const [, before, path] = /^(# yaml-language-server: \$schema=)(\S+)$/m.exec(source) ?? [];
  if (before === undefined || path === undefined) return null;
  const start = source.indexOf(before) + before.length;
  return { start, end: start + path.length, is: 'material', target: join(dirname(file), path) };
}
