// A thread that ends its process when the process that started that one has ended, even where the main thread is held by a loop.

import { workerData } from 'node:worker_threads';

const POLL_MS = 500;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, POLL_MS);
