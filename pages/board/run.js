// One run: its curves, alone or against another run's, its notes, log and configuration.

import { Curves } from '/curves.js';
import { diffElement, OTHER_DASH } from '/diff.js';
import {
  ask,
  atMostEvery,
  countText,
  element,
  factsElement,
  inert,
  numberText,
  sqlElement,
  stateElement,
} from '/elements.js';
import { transcriptsElement } from '/transcripts.js';

const CHARTS_AT_FIRST = 6;
const LOG_MS = 2500;

export class RunPage {
  node = element('div');
  #run;
  #context;
  #shown = null;
  #other = null;
  #against = '';
  #curves = new Map();
  #head = element('p', { class: 'objective' });
  #charts = element('section', { class: 'charts', 'aria-label': 'Metrics' });
  #compared = element('div');
  #log = element('pre', { class: 'log', tabindex: '0' }, '');
  #isAll = false;
  #readLogSoon = atMostEvery(LOG_MS, () => this.#readLog());
  #readSoon = atMostEvery(3000, () => this.#read());

  constructor(run, context) {
    this.#run = run;
    this.#context = context;
    this.node.append(
      element('p', {}, element('a', { href: '#all' }, '← all runs')),
      element('h1', {}, run.run),
      this.#head,
    );
    this.#state(run);
    void this.#read();
  }

  update({ runs, points, anew }) {
    const changed = runs.find(({ run }) => run === this.#run.run);
    if (changed !== undefined) {
      const before = this.#run;
      this.#run = changed;
      this.#state(changed);
      this.#readLogSoon();
      if (before.state !== changed.state) this.#readSoon();
    }
    if ([this.#run.run, this.#other?.run].some((run) => anew.includes(run))) this.#readSoon();
    for (const run of [this.#run.run, this.#other?.run]) {
      for (const [metric, point] of Object.entries(points[run] ?? {})) {
        // A metric that is logged for the first time needs a chart.
        if (
          !this.#curves.has(metric) &&
          run === this.#run.run &&
          !this.#shown?.metrics.some((each) => each.metric === metric)
        )
          this.#readSoon();
        this.#curves.get(metric)?.add(run, ...point);
      }
    }
  }

  close() {
    for (const curves of this.#curves.values()) curves.close();
    this.#curves.clear();
  }

  #state({ state, step, total_steps, metric, value }) {
    const steps = step === null ? '' : ` · step ${step}${total_steps === null ? '' : ` of ${total_steps}`}`;
    const judged = metric === null || value === null ? '' : ` · ${metric} ${numberText(value)}`;
    this.#head.replaceChildren(stateElement(state), inert(`${steps}${judged}`));
  }

  async #read() {
    let shown;
    try {
      shown = await ask('/api/run', { run: this.#run.run });
    } catch (error) {
      this.node.append(element('p', { class: 'problems' }, error.message));
      return;
    }
    const isFirst = this.#shown === null;
    this.#shown = shown;
    if (isFirst) this.#build(shown);
    this.#draw();
    if (this.#against !== '') void this.#compare(this.#against);
    this.#showLog(shown.log);
  }

  #build(shown) {
    const other = element(
      'select',
      { 'aria-label': 'Compare with', onchange: (event) => this.#compare(event.target.value) },
      element('option', { value: '' }, 'no other run'),
      [...this.#context.runs.keys()]
        .filter((run) => run !== this.#run.run)
        .sort()
        .slice(0, 2000)
        .map((run) => element('option', { value: run }, run)),
    );
    this.node.append(
      ...(shown.problem === null ? [] : [element('p', { class: 'notices' }, shown.problem)]),
      element('div', { class: 'controls' }, element('label', {}, 'Compare with ', other)),
      this.#compared,
      element('h2', {}, 'Metrics'),
      this.#charts,
      element('h2', {}, 'Notes'),
      notesElement(this.#run.run, shown.notes, this.#context),
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

  /** @param run the other one; empty for none */
  async #compare(run) {
    this.#against = run;
    let other = null;
    let told = [];
    try {
      if (run !== '') {
        const asked = [ask('/api/run', { run }), ask('/api/diff', { run: [this.#run.run, run] })];
        const [view, diff] = await Promise.all(asked);
        other = view;
        told = [diffElement(diff)];
      }
    } catch (error) {
      told = [element('p', { class: 'problems' }, error.message)];
    }
    if (this.#against !== run) return;
    this.#other = other;
    this.#compared.replaceChildren(...told);
    this.#draw();
  }

  #draw() {
    const { metrics } = this.#shown;
    const telling = metrics.filter(({ isDetail }) => !isDetail);
    const first = (telling.length === 0 ? metrics : telling).slice(0, CHARTS_AT_FIRST);
    const chosen = this.#isAll ? metrics : first;
    this.close();
    const figures = chosen.map((each) => this.#figure(each));
    const left = metrics.length - chosen.length;
    const more =
      left === 0
        ? []
        : [
            element(
              'button',
              {
                type: 'button',
                onclick: () => {
                  this.#isAll = true;
                  this.#draw();
                },
              },
              `Show ${countText(left, 'more metric')}`,
            ),
          ];
    this.#charts.replaceChildren(...figures, ...more);
    if (metrics.length === 0) this.#charts.replaceChildren(element('p', { class: 'soft' }, 'No metrics yet.'));
  }

  #figure({ metric, steps, values, logged, sql }) {
    const other = this.#other?.metrics.find((each) => each.metric === metric);
    const lines = [{ label: this.#run.run, steps: [...steps], values: [...values] }];
    if (other !== undefined)
      lines.push({ label: this.#other.run, steps: [...other.steps], values: [...other.values], dash: OTHER_DASH });
    const curves = new Curves(metric, lines, { height: 180 });
    this.#curves.set(metric, curves);
    const sampled =
      logged > steps.length
        ? [
            element(
              'p',
              { class: 'soft' },
              `${steps.length} of ${countText(logged, 'point')}: every least and greatest value is drawn`,
            ),
          ]
        : [];
    return element(
      'figure',
      { class: 'chart' },
      element('div', { class: 'head' }, element('strong', {}, metric)),
      curves.node,
      ...sampled,
      sqlElement(sql),
    );
  }

  async #readLog() {
    this.#showLog(
      await ask('/api/log', { run: this.#run.run }).then(
        ({ log }) => log,
        () => null,
      ),
    );
  }

  #showLog(log) {
    const isAtEnd = this.#log.scrollTop + this.#log.clientHeight >= this.#log.scrollHeight - 8;
    const text = log === null ? 'There is no log.' : `${log.isWhole ? '' : '…\n'}${log.text.trimEnd()}`;
    if (this.#log.textContent !== inert(text)) this.#log.textContent = inert(text);
    if (isAtEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }
}

function notesElement(run, given, { change }) {
  let notes = given;
  const tags = element('input', { type: 'text', value: notes.tags.join(', '), placeholder: 'baseline, look again' });
  const note = element('textarea', { rows: '3', value: notes.note });
  const told = element('span', { class: 'soft', role: 'status' });
  const save = async (event) => {
    event.preventDefault();
    told.textContent = 'Saving…';
    const body = {
      run,
      revision: notes.revision,
      note: note.value,
      tags: tags.value
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    };
    try {
      notes = await ask(
        '/api/notes',
        {},
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'X-Board-Change': change },
          body: JSON.stringify(body),
        },
      );
      told.textContent = 'Saved beside the run, in notes.json.';
    } catch (error) {
      const { now } = error.body ?? {};
      if (now !== undefined) notes = now;
      told.textContent =
        now === undefined
          ? `Not saved: ${error.message}`
          : `Not saved: ${error.message}. They are now: ${[now.tags.join(', '), now.note].filter((text) => text !== '').join(' · ') || 'empty'}. Save again to replace them.`;
    }
  };
  return element(
    'form',
    { class: 'notes-form', onsubmit: save },
    element('label', {}, 'Tags, comma-separated', tags),
    element('label', {}, 'Note', note),
    element('div', { class: 'controls' }, element('button', { type: 'submit' }, 'Save'), told),
  );
}

function configElement(config) {
  const body = element('tbody');
  const fill = (text) =>
    body.replaceChildren(
      ...config
        .filter((row) => row.join(' ').toLowerCase().includes(text.toLowerCase()))
        .map(([field, value]) => element('tr', {}, element('th', { scope: 'row' }, field), element('td', {}, value))),
    );
  fill('');
  const search = element('input', {
    type: 'search',
    placeholder: 'Filter fields',
    'aria-label': 'Filter fields',
    oninput: (event) => fill(event.target.value),
  });
  return element(
    'details',
    {},
    element('summary', {}, countText(config.length, 'field')),
    element('div', { class: 'controls' }, search),
    element('table', { class: 'facts' }, body),
  );
}
