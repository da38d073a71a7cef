// A process that executes the prepared run directory that it is given, with the second trainer. Prints the state it ends in.

import { createJiti } from 'jiti';
import { Registry } from '../../../dist/registry/registry.js';
import { executeRun } from '../../../dist/run/execute.js';

const jiti = createJiti(import.meta.url);
const { secondTrainer } = await jiti.import('./second_trainer.ts');
const { numberService } = await jiti.import('./number_service.ts');
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const options = { onEvent: () => undefined, signal: stop.signal };
const { state } = await executeRun(process.argv[2], new Registry([secondTrainer, numberService]), options);
console.log(state);
