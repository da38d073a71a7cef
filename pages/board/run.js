// One run: its curves, alone or against another run's, its notes, log, configuration, and what its models said.

import { Curves, lineSample } from '/curves.js';
import {
  ask,
  atMostEvery,
  countText,
  element,
  factsElement,
  inert,
  numberText,
  scrolling,
  sqlElement,
  stateElement,
} from '/elements.js';

const CHARTS_AT_FIRST = 6;
const TRANSCRIPTS_AT_FIRST = 10;
const LOG_MS = 2500;
const SEARCH_MS = 400;
/** Of the run that another is held against. */
const OTHER_DASH = [6, 3];

export class RunPage {
  node = element('div');
  #run;
  #context;
  #shown = null;
  #other = null;
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

  async #compare(run) {
    this.#other = run === '' ? null : await ask('/api/run', { run }).catch(() => null);
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
    this.#compared.replaceChildren(...(this.#other === null ? [] : [differences(this.#shown, this.#other)]));
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

/** Fields that differ, and the metrics of both side by side. */
function differences(own, other) {
  const [a, b] = [new Map(own.config), new Map(other.config)];
  const fields = [...new Set([...a.keys(), ...b.keys()])].filter(
    (field) => field !== 'log_path' && a.get(field) !== b.get(field),
  );
  const last = ({ metrics }, metric) =>
    metrics.find((each) => each.metric === metric)?.values.findLast((value) => value !== null) ?? null;
  const metrics = own.metrics.filter(
    ({ isDetail, metric }) => !isDetail && last(own, metric) !== null && last(other, metric) !== null,
  );
  const head = (first) =>
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        element('th', { scope: 'col' }, first),
        element('th', { scope: 'col' }, lineSample(0), own.run),
        element('th', { scope: 'col' }, lineSample(1, OTHER_DASH), other.run),
      ),
    );
  const row = (name, ...cells) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      cells.map((cell) => element('td', {}, cell)),
    );
  return element(
    'div',
    { class: 'card' },
    element(
      'h3',
      {},
      fields.length === 0
        ? 'No field differs'
        : `${countText(fields.length, 'field')} ${fields.length === 1 ? 'differs' : 'differ'}`,
    ),
    ...(fields.length === 0
      ? []
      : [
          scrolling(
            'Fields that differ',
            element(
              'table',
              {},
              head('field'),
              element(
                'tbody',
                {},
                fields.map((field) => row(field, a.get(field) ?? '—', b.get(field) ?? '—')),
              ),
            ),
          ),
        ]),
    element('h3', {}, 'Last values'),
    scrolling(
      'Last values',
      element(
        'table',
        {},
        head('metric'),
        element(
          'tbody',
          {},
          metrics.map(({ metric }) => row(metric, numberText(last(own, metric)), numberText(last(other, metric)))),
        ),
      ),
    ),
  );
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

/** Read when somebody opens them. */
function transcriptsElement(run) {
  const node = element('div');
  const list = element('div');
  const told = element('p', { class: 'soft', 'aria-live': 'polite' });
  const files = element('select', { 'aria-label': 'Step', onchange: () => read() });
  const search = element('input', {
    type: 'search',
    placeholder: 'Search what was said',
    'aria-label': 'Search transcripts',
  });
  let asked = 0;
  const read = async () => {
    const own = ++asked;
    told.textContent = 'Reading…';
    try {
      const answer = await ask('/api/transcripts', {
        run,
        file: search.value === '' ? files.value || null : null,
        text: search.value,
      });
      if (own === asked) show(answer);
    } catch (error) {
      told.textContent = inert(error.message);
    }
  };
  const show = (answer) => {
    if (files.options.length === 0) {
      files.replaceChildren(
        ...answer.files.map(({ path, step, label }) =>
          element('option', { value: path }, `${label}${step === null ? '' : `, step ${step}`} · ${path}`),
        ),
      );
    }
    const { transcripts, found, without_text, bytes_left_out, steps_left_out, problems } = answer;
    told.textContent = inert(
      [
        answer.files.length === 0
          ? 'This run has left none.'
          : `${countText(found, 'transcript')}${transcripts.length < found ? `, ${transcripts.length} shown` : ''}, the worst and the best first`,
        without_text > 0 ? `${countText(without_text, 'episode')} with numbers and no text` : '',
        bytes_left_out > 0 ? `${countText(Math.ceil(bytes_left_out / 1e6), 'MB').replace('MBs', 'MB')} not read` : '',
        steps_left_out > 0 ? `${countText(steps_left_out, 'older step')} not looked into` : '',
        ...problems,
      ]
        .filter((text) => text !== '')
        .join(' · '),
    );
    const more = transcripts.slice(TRANSCRIPTS_AT_FIRST);
    list.replaceChildren(...transcripts.slice(0, TRANSCRIPTS_AT_FIRST).map(transcriptElement));
    if (more.length > 0) {
      const button = element(
        'button',
        { type: 'button', onclick: () => button.replaceWith(...more.map(transcriptElement)) },
        `Show ${more.length} more`,
      );
      list.append(button);
    }
    files.hidden = answer.files.length === 0;
    search.hidden = files.hidden;
  };
  let timer = 0;
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(read, SEARCH_MS);
  });
  node.append(element('div', { class: 'controls' }, files, search), told, list);
  void read();
  return node;
}

function transcriptElement({ label, step, score, messages, facts, file }) {
  const said = messages.findLast(({ role }) => role === 'assistant') ?? messages.at(-1);
  const node = element(
    'details',
    { class: 'transcript' },
    element(
      'summary',
      {},
      element('span', { class: 'score' }, score === null ? '—' : numberText(score)),
      element('span', { class: 'soft' }, ` ${label}${step === null ? '' : `, step ${step}`} `),
      (said?.text ?? '').slice(0, 120),
    ),
  );
  node.addEventListener('toggle', () => {
    if (!node.open || node.children.length > 1) return;
    node.append(
      ...messages.map(({ role, text, score: reward }) =>
        element(
          'div',
          { class: 'message' },
          element('p', { class: 'role' }, reward === undefined ? role : `${role} · reward ${numberText(reward)}`),
          element('pre', {}, text),
        ),
      ),
      factsElement(
        [...Object.entries(facts), ['file', file]].map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    );
  });
  return node;
}
