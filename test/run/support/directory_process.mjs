// A process that does one thing to a run directory: `create`, `replace` or `empty`, with the record that stdin gives.

import { text } from 'node:stream/consumers';
import { createRunDirectory, emptyRunDirectory, replaceRunRecord } from '../../../dist/run_files/directory.js';

const [, , deed, directory] = process.argv;
const record = JSON.parse(await text(process.stdin));
const DEEDS = {
  create: () => createRunDirectory(directory, record, 'diff\n'),
  replace: () => replaceRunRecord(directory, record, 'diff\n'),
  empty: () => emptyRunDirectory(directory),
};
await DEEDS[deed]();
console.log('done');
