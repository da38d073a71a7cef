// One run: its curves, alone or against another run's, its notes, log and configuration.

import { element, inert } from '../shared/elements.js';
import { byName, countText, numberText } from '../shared/numbers.js';
import { stateElement } from '../shared/states.js';
import { ask, messageOf } from './ask.js';
import { diffElement } from './diff.js';
import { notesForm } from './notes_form.js';
import { factRows, factsElement, problemElement } from './parts.js';
import { RunCharts } from './run_charts.js';
import { atMostEvery } from './soon.js';
import { transcriptsElement } from './transcripts.js';

/** @typedef {import('../../src/board/board_run.ts').BoardRun} BoardRun */
/** @typedef {import('../../src/board/run_diffs.ts').RunDiffView} RunDiffView */
/** @typedef {import('../../src/board/run_view.ts').RunView} RunView */
/** @typedef {import('../../src/board/runs.ts').BoardUpdate} BoardUpdate */

const LOG_MS = 2500;
const READ_MS = 3000;
const MOST_OTHERS = 2000;

export class RunPage {
  node = element('div');
  #run;
  #runs;
  #change;
  #head = element('p', { class: 'objective' });
  #problem = element('div');
  #compared = element('div');
  #charts = new RunCharts();
  #log = element('pre', { class: 'log', tabindex: 0 });
  /** @type {RunView | null} */
  #shown = null;
  /** @type {RunView | null} */
  #other = null;
  /** The run that it is held against; empty for none. */
  #against = '';
  #readLogSoon = atMostEvery(LOG_MS, () => this.#readLog());
  #readSoon = atMostEvery(READ_MS, () => this.#read());

  /**
   * @param {BoardRun} run
   * @param {ReadonlyMap<string, BoardRun>} runs
   * @param {() => string} change what the server asks of who changes something
   */
  constructor(run, runs, change) {
    this.#run = run;
    this.#runs = runs;
    this.#change = change;
    this.node.append(
      element('p', {}, element('a', { href: '#all' }, '← all runs')),
      element('h1', {}, run.run),
      this.#head,
      this.#problem,
    );
    this.#state(run);
    void this.#read();
  }

  /** What was missed meanwhile. */
  refresh() {
    const now = this.#runs.get(this.#run.run);
    if (now !== undefined) this.#state(now);
    void this.#read();
  }

  /** @param {BoardUpdate} update */
  update({ runs, points, anew }) {
    const changed = runs.find(({ run }) => run === this.#run.run);
    if (changed !== undefined) {
      if (changed.state !== this.#run.state) this.#readSoon();
      this.#state(changed);
      this.#readLogSoon();
    }
    for (const run of [this.#run.run, this.#other?.run ?? '']) {
      const isNew = Object.hasOwn(points, run) && this.#charts.add(run, points[run] ?? {});
      if (isNew || anew.includes(run)) this.#readSoon();
    }
  }

  close() {
    this.#charts.close();
  }

  /** @param {BoardRun} run */
  #state(run) {
    this.#run = run;
    const { state, step, total_steps, metric, value } = run;
    const steps = step === null ? '' : ` · step ${step}${total_steps === null ? '' : ` of ${total_steps}`}`;
    const judged = metric === null || value === null ? '' : ` · ${metric} ${numberText(value)}`;
    this.#head.replaceChildren(stateElement(state), element('span', {}, `${steps}${judged}`));
  }

  async #read() {
    try {
      /** @type {RunView} */
      const shown = await ask('/api/run', { run: this.#run.run });
      const isFirst = this.#shown === null;
      this.#shown = shown;
      if (isFirst) this.#build(shown);
      this.#problem.replaceChildren(
        ...(shown.problem === null ? [] : [element('p', { class: 'notices' }, shown.problem)]),
      );
      this.#charts.draw(shown, this.#other);
      this.#showLog(shown.log);
      if (this.#against !== '') void this.#compare(this.#against);
    } catch (error) {
      this.#problem.replaceChildren(problemElement(messageOf(error)));
    }
  }

  /** @param {RunView} shown */
  #build(shown) {
    const others = [...this.#runs.keys()].filter((run) => run !== this.#run.run).sort(byName);
    const other = element(
      'select',
      {
        'aria-label': 'Compare with',
        onchange: () => {
          void this.#compare(other.value);
        },
      },
      element('option', { value: '' }, 'no other run'),
      others.slice(0, MOST_OTHERS).map((run) => element('option', { value: run }, run)),
    );
    this.node.append(
      element('div', { class: 'controls' }, element('label', {}, 'Compare with ', other)),
      this.#compared,
      element('h2', {}, 'Metrics'),
      this.#charts.node,
      element('h2', {}, 'Notes'),
      notesForm(this.#run.run, shown.notes, this.#change),
      element('h2', {}, 'Transcripts'),
      transcriptsElement(this.#run.run),
      element('h2', {}, 'Log'),
      this.#log,
      element('h2', {}, 'Run'),
      factsElement(shown.facts),
      element('h2', {}, 'Configuration'),
      configElement(shown.config),
    );
  }

  /** @param {string} run the other one; empty for none */
  async #compare(run) {
    this.#against = run;
    /** @type {RunView | null} */
    let other = null;
    /** @type {Node[]} */
    let told = [];
    try {
      if (run !== '') {
        other = await ask('/api/run', { run });
        /** @type {RunDiffView} */
        const diff = await ask('/api/diff', { run: [this.#run.run, run] });
        told = [diffElement(diff)];
      }
    } catch (error) {
      told = [problemElement(messageOf(error))];
    }
    if (this.#against !== run) return;
    this.#other = other;
    this.#compared.replaceChildren(...told);
    if (this.#shown !== null) this.#charts.draw(this.#shown, other);
  }

  async #readLog() {
    try {
      /** @type {Pick<RunView, 'log'>} */
      const { log } = await ask('/api/log', { run: this.#run.run });
      this.#showLog(log);
    } catch {
      // What is shown stays, and the head of the page says that the board does not answer.
    }
  }

  /** @param {RunView['log']} log */
  #showLog(log) {
    const isAtEnd = this.#log.scrollTop + this.#log.clientHeight >= this.#log.scrollHeight - 8;
    const text = inert(log === null ? 'There is no log.' : `${log.isWhole ? '' : '…\n'}${log.text.trimEnd()}`);
    if (this.#log.textContent !== text) this.#log.textContent = text;
    if (isAtEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }
}

/** @param {RunView['config']} config */
function configElement(config) {
  const body = element('tbody');
  const fill = (/** @type {string} */ text) => {
    const shown = config.filter((row) => row.join(' ').toLowerCase().includes(text.toLowerCase()));
    body.replaceChildren(...factRows(shown));
  };
  fill('');
  const search = element('input', {
    type: 'search',
    placeholder: 'Filter fields',
    'aria-label': 'Filter fields',
    oninput: () => {
      fill(search.value);
    },
  });
  return element(
    'details',
    {},
    element('summary', {}, countText(config.length, 'field')),
    element('div', { class: 'controls' }, search),
    element('table', { class: 'facts' }, body),
  );
}
