// A process that reads the results of evaluations, for src/board/scores_process.ts: what is forked has to be JavaScript.

import '../dist/board/scores_reader.js';
