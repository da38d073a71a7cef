// A process that draws charts, for src/report/charts/draw_process.ts: what is forked has to be JavaScript.

import '../dist/report/charts/drawer.js';
