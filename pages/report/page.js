// @ts-check
// The script of the report: themes, tables of runs that filter, sort and open, and charts that tell their numbers and grow.
// All texts are set as text. Nothing here fetches, and the policy of the page would keep it from it.

/** @typedef {string | number | boolean | null} Plain */
/** @typedef {[metric: number, first: Plain, last: Plain, least: number | null, greatest: number | null, curve: (number | null)[]]} Metric */
/**
 * @typedef {{ run: string, state: string, rank: number, isBest: boolean, seed: number | null, axes: any[], value: Plain,
 *   steps: number | null, total_steps: number | null, seconds: number | null, cost: number | null, curve: (number | null)[],
 *   error: string | null, stopped: string | null, warnings: string[], look: string, config: [string, string][], metrics: Metric[],
 *   checkpoints: { name: string, batch: number | null, kind: string }[], n_more_checkpoints: number, log: string | null,
 *   tags: string[], notes: string, commit: string | null, started_at: string | null }} Run
 */
/** @typedef {{ axes: { field: string, values: any[] }[], metric: string, metrics: string[], shared: [string, string][], runs: Run[] }} Table */
/**
 * `of`: what rows are sorted by; null where they are not.
 * @typedef {{ name: string, number: boolean, of: ((run: Run) => any) | null, cell: (run: Run) => Node | string }} Column
 */

const SVG = 'http://www.w3.org/2000/svg';
const ROWS = 50;
const MOST_CHOICES = 40;
const SIGNS = {
  pending: '○',
  running: '◐',
  done: '●',
  stopped: '■',
  diverged: '▲',
  failed: '✕',
  interrupted: '‖',
  killed: '†',
  damaged: '◇',
};

/**
 * An element with its attributes and children.
 * @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children
 */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @param {any} value */
function text(value) {
  if (value === null || value === undefined) return '—';
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value);
  if (Number.isSafeInteger(value)) return String(value);
  const short = Number(value.toPrecision(4));
  return Math.abs(value) < 1e-3 ? short.toExponential() : String(short);
}

/** Values of axes are exact: two rates that differ look different. @param {any} value */
const exact = (value) => (value === null ? '—' : typeof value === 'string' ? value : JSON.stringify(value));

/** @param {number | null} seconds */
function time(seconds) {
  if (seconds === null) return '—';
  if (seconds < 60) return `${text(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** @param {(number | null)[]} curve */
function sparkline(curve) {
  const known = curve.filter((value) => value !== null);
  if (known.length === 0) return '';
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  /** @param {number} i */
  const x = (i) => 3 + (i / Math.max(1, curve.length - 1)) * 90;
  /** @param {number} value */
  const y = (value) => 19 - (greatest === least ? 0.5 : (value - least) / (greatest - least)) * 16;
  const svg = document.createElementNS(SVG, 'svg');
  const label = `from ${text(known[0])} to ${text(known.at(-1))}`;
  for (const [name, value] of Object.entries({
    class: 'spark',
    viewBox: '0 0 96 22',
    width: '96',
    height: '22',
    role: 'img',
    'aria-label': label,
  })) {
    svg.setAttribute(name, value);
  }
  const line = document.createElementNS(SVG, 'polyline');
  line.setAttribute(
    'points',
    curve.flatMap((value, i) => (value === null ? [] : `${x(i).toFixed(1)},${y(value).toFixed(1)}`)).join(' '),
  );
  const end = document.createElementNS(SVG, 'circle');
  const last = curve.findLastIndex((value) => value !== null);
  for (const [name, value] of Object.entries({ cx: x(last), cy: y(curve[last] ?? 0), r: 2.2 }))
    end.setAttribute(name, String(value));
  svg.append(line, end);
  return svg;
}

// --- the theme -------------------------------------------------------------------------------------------------------

const THEMES = ['system', 'light', 'dark'];

function themes() {
  const button = document.getElementById('theme');
  if (button === null) return;
  let theme = remembered('cookbook-theme') ?? 'system';
  const show = () => {
    if (theme === 'system') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', theme);
    button.textContent = `Theme: ${theme === 'system' ? 'as the system' : theme}`;
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    remember('cookbook-theme', theme);
    show();
  });
  if (!THEMES.includes(theme)) theme = 'system';
  button.hidden = false;
  show();
}

/** Files from the disk have no storage in some browsers. @param {string} key */
function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it lasts as long as the page is open.
  }
}

// --- tables of runs --------------------------------------------------------------------------------------------------

/** Those that no run has a value in are left out. @param {Table} table @returns {Column[]} */
function columnsOf({ axes, metric, runs }) {
  const isNumber = (/** @type {number} */ i) => runs.every(({ axes: values }) => typeof values[i] !== 'string');
  /** @param {(run: Run) => boolean} has @param {Column} column @returns {Column[]} */
  const ifAny = (has, column) => (runs.some(has) ? [column] : []);
  return [
    { name: 'state', number: false, of: ({ state }) => state, cell: ({ state }) => stateOf(state) },
    ...axes.map(({ field }, i) => ({
      name: field,
      number: isNumber(i),
      of: (/** @type {Run} */ run) => run.axes[i],
      cell: (/** @type {Run} */ run) => element('span', { class: 'value' }, exact(run.axes[i])),
    })),
    ...ifAny(({ seed }) => seed !== null, {
      name: 'seed',
      number: true,
      of: ({ seed }) => seed,
      cell: ({ seed }) => text(seed),
    }),
    {
      name: metric,
      number: true,
      of: ({ value }) => value,
      cell: ({ value }) => element('span', { class: 'mean' }, text(value)),
    },
    ...ifAny(({ curve }) => curve.length > 0, {
      name: 'curve',
      number: false,
      of: null,
      cell: ({ curve }) => sparkline(curve),
    }),
    { name: 'steps', number: true, of: ({ steps }) => steps, cell: ({ steps }) => text(steps) },
    { name: 'time', number: true, of: ({ seconds }) => seconds, cell: ({ seconds }) => time(seconds) },
    ...ifAny(({ cost }) => cost !== null, {
      name: 'cost',
      number: true,
      of: ({ cost }) => cost,
      cell: ({ cost }) => (cost === null ? '—' : `$${text(cost)}`),
    }),
    {
      name: 'run',
      number: false,
      of: ({ run }) => run,
      cell: ({ run }) => element('span', { class: 'path' }, run.split('/').at(-1) ?? run),
    },
    ...ifAny(({ tags }) => tags.length > 0, {
      name: 'tags',
      number: false,
      of: ({ tags }) => (tags.length === 0 ? null : tags.join(', ')),
      cell: ({ tags }) => element('span', {}, ...tags.map((tag) => element('span', { class: 'tag' }, tag))),
    }),
  ];
}

/** @param {string} state */
function stateOf(state) {
  const sign = element(
    'span',
    { class: 'sign', 'aria-hidden': 'true' },
    /** @type {Record<string, string>} */ (SIGNS)[state] ?? '?',
  );
  return element('span', { class: `state ${state}` }, sign, state);
}

class RunTable {
  #sorted = { column: -1, isDown: false };
  #page = 0;
  /** @type {Set<string>} */
  #open = new Set();
  /** @type {Map<number, string>} */
  #wanted = new Map();
  #state = '';
  #text = '';

  /** @param {HTMLElement} place @param {Table} table */
  constructor(place, table) {
    this.table = table;
    this.columns = columnsOf(table);
    this.id = place.dataset.study ?? '';
    this.searched = new Map(table.runs.map((run) => [run, searchText(run)]));
    this.count = element('span', { class: 'count', role: 'status' });
    this.body = element('tbody');
    this.heads = this.columns.map((column, i) => this.#head(column, i));
    this.pages = element('div', { class: 'pages' });
    const caption = element(
      'caption',
      { class: 'unseen' },
      'Runs; the buttons in the head sort, the first one of a row opens its details',
    );
    const open = element('th', { scope: 'col' }, element('span', { class: 'unseen' }, 'details'));
    const head = element('thead', {}, element('tr', {}, open, ...this.heads));
    const label = `Runs of ${this.id}`;
    const scroll = element(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
      element('table', {}, caption, head, this.body),
    );
    place.append(this.#filters(), scroll, this.pages);
    this.show();
  }

  #filters() {
    const form = element('div', { class: 'filter', role: 'search', 'aria-label': `Filter the runs of ${this.id}` });
    const search = /** @type {HTMLInputElement} */ (
      element('input', { type: 'search', autocomplete: 'off', placeholder: 'names, fields, errors' })
    );
    search.addEventListener('input', () => {
      this.#text = search.value.toLowerCase();
      this.#refilter();
    });
    const states = [...new Set(this.table.runs.map(({ state }) => state))].sort();
    form.append(element('label', {}, 'Find', search));
    if (states.length > 1) {
      form.append(
        choice('state', states, (value) => {
          this.#state = value;
          this.#refilter();
        }),
      );
    }
    for (const [i, { field, values }] of this.table.axes.entries()) {
      if (values.length < 2 || values.length > MOST_CHOICES) continue;
      form.append(
        choice(field, values.map(exact), (value) => {
          if (value === '') this.#wanted.delete(i);
          else this.#wanted.set(i, value);
          this.#refilter();
        }),
      );
    }
    form.append(this.count);
    return form;
  }

  #refilter() {
    this.#page = 0;
    this.show();
  }

  /** @param {Column} column @param {number} i */
  #head({ name, number, of }, i) {
    const head = element('th', { scope: 'col', ...(number ? { class: 'number' } : {}) });
    if (of === null) {
      head.append(name);
      return head;
    }
    const button = element('button', { type: 'button', class: 'sort' }, name);
    button.addEventListener('click', () => {
      const { column, isDown } = this.#sorted;
      this.#sorted = { column: i, isDown: column === i && !isDown };
      this.#page = 0;
      this.show();
    });
    head.append(button);
    return head;
  }

  #shown() {
    const fits = (/** @type {Run} */ run) =>
      (this.#state === '' || run.state === this.#state) &&
      [...this.#wanted].every(([i, value]) => exact(run.axes[i]) === value) &&
      (this.#text === '' || (this.searched.get(run) ?? '').includes(this.#text));
    const runs = this.table.runs.filter(fits);
    const { column, isDown } = this.#sorted;
    const of = this.columns[column]?.of ?? null;
    if (of === null) return runs;
    return runs.sort((a, b) => compare(of(a), of(b), isDown));
  }

  show() {
    const runs = this.#shown();
    const n_pages = Math.max(1, Math.ceil(runs.length / ROWS));
    this.#page = Math.min(this.#page, n_pages - 1);
    const start = this.#page * ROWS;
    const shown = runs.slice(start, start + ROWS);
    for (const [i, head] of this.heads.entries()) {
      const { column, isDown } = this.#sorted;
      if (i === column) head.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    const all = this.table.runs.length;
    this.count.textContent = `${runs.length === all ? '' : `${runs.length} of `}${all} ${all === 1 ? 'run' : 'runs'}`;
    this.body.replaceChildren(...shown.flatMap((run) => this.#rows(run)));
    this.#turn(start, shown.length, runs.length);
  }

  /** @param {number} start @param {number} n @param {number} all */
  #turn(start, n, all) {
    if (all <= ROWS) {
      this.pages.replaceChildren();
      return;
    }
    const to = (/** @type {string} */ name, /** @type {number} */ page, /** @type {boolean} */ isThere) => {
      const button = /** @type {HTMLButtonElement} */ (element('button', { type: 'button' }, name));
      button.disabled = !isThere;
      button.addEventListener('click', () => {
        this.#page = page;
        this.show();
        // The button that was pressed is gone.
        const buttons = this.pages.querySelectorAll('button');
        [...buttons].find((each) => each.textContent === name && !each.disabled)?.focus();
      });
      return button;
    };
    const where = element('span', { class: 'soft' }, `${start + 1}–${start + n} of ${all}`);
    this.pages.replaceChildren(
      to('Previous', this.#page - 1, start > 0),
      where,
      to('Next', this.#page + 1, start + n < all),
    );
  }

  /** @param {Run} run */
  #rows(run) {
    const isOpen = this.#open.has(run.run);
    const button = element(
      'button',
      { type: 'button', class: 'open', 'aria-expanded': String(isOpen), 'aria-label': `Details of ${run.run}` },
      isOpen ? '▾' : '▸',
    );
    const row = element(
      'tr',
      run.isBest ? { class: 'best' } : {},
      element('td', {}, button),
      ...this.columns.map(({ number, cell }) => element('td', number ? { class: 'number' } : {}, cell(run))),
    );
    button.addEventListener('click', () => {
      const isNow = button.getAttribute('aria-expanded') !== 'true';
      button.setAttribute('aria-expanded', String(isNow));
      button.textContent = isNow ? '▾' : '▸';
      if (isNow) {
        this.#open.add(run.run);
        row.after(this.#details(run));
      } else {
        this.#open.delete(run.run);
        row.nextElementSibling?.remove();
      }
    });
    return isOpen ? [row, this.#details(run)] : [row];
  }

  /** @param {Run} run */
  #details(run) {
    const parts = element('div', { class: 'parts' });
    const cell = element('td', { colspan: String(this.columns.length + 1) }, element('p', { class: 'path' }, run.run));
    const said = [run.error, run.stopped, ...run.warnings].filter((line) => line !== null);
    for (const line of said) cell.append(element('p', { class: 'error' }, line));
    if (run.notes !== '') cell.append(element('p', { class: 'written' }, run.notes));
    if (run.error !== null) cell.append(element('p', { class: 'soft path' }, run.look));
    const names = this.table.metrics;
    parts.append(
      part(
        'Metrics',
        ['metric', 'first', 'last', 'least', 'greatest', 'curve'],
        run.metrics.map(([metric, first, last, least, greatest, curve]) => [
          names[metric] ?? '',
          text(first),
          text(last),
          text(least),
          text(greatest),
          sparkline(curve),
        ]),
      ),
      part('Configuration of its own', ['field', 'value'], run.config),
      part('Configuration that all share', ['field', 'value'], this.table.shared),
      part(
        'Checkpoints',
        ['name', 'before step', 'kind'],
        run.checkpoints.map(({ name, batch, kind }) => [name, text(batch), kind]),
      ),
      part(
        'Origin',
        ['fact', 'value'],
        [
          ['commit', run.commit],
          ['started', run.started_at],
        ].flatMap(([name, value]) => (value == null ? [] : [[name ?? '', value]])),
      ),
    );
    cell.append(parts);
    if (run.n_more_checkpoints > 0)
      cell.append(element('p', { class: 'soft' }, `${run.n_more_checkpoints} earlier checkpoints are left out`));
    if (run.log !== null)
      cell.append(
        element('p', { class: 'overline' }, 'The end of its log'),
        element('pre', { class: 'log', tabindex: '0' }, run.log),
      );
    return element('tr', { class: 'details' }, cell);
  }
}

/** @param {string} title @param {string[]} columns @param {(string | Node)[][]} rows */
function part(title, columns, rows) {
  if (rows.length === 0) return '';
  const [first = '', ...others] = columns;
  const isNumber = (/** @type {string} */ name) => ['first', 'last', 'least', 'greatest', 'before step'].includes(name);
  const head = element(
    'tr',
    {},
    ...[first, ...others].map((name) =>
      element('th', { scope: 'col', ...(isNumber(name) ? { class: 'number' } : {}) }, name),
    ),
  );
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell, i) =>
        element('td', isNumber(columns[i] ?? '') ? { class: 'number' } : { class: 'fact' }, cell),
      ),
    ),
  );
  const table = element(
    'table',
    {},
    element('caption', {}, title),
    element('thead', {}, head),
    element('tbody', {}, ...body),
  );
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, table);
}

/** @param {string} name @param {string[]} values @param {(value: string) => void} onChange */
function choice(name, values, onChange) {
  const select = /** @type {HTMLSelectElement} */ (element('select', {}, element('option', { value: '' }, 'all')));
  // By its place, since any text may be a value.
  for (const [i, value] of values.entries()) select.append(element('option', { value: String(i) }, value));
  select.addEventListener('change', () => onChange(select.value === '' ? '' : (values[Number(select.value)] ?? '')));
  return element('label', {}, name, select);
}

/** @param {Run} run */
function searchText({ run, state, error, config, axes, warnings, tags, notes }) {
  return [
    run,
    state,
    error ?? '',
    ...warnings,
    ...tags,
    notes,
    ...config.map(([field, value]) => `${field}=${value}`),
    ...axes.map(exact),
  ]
    .join('\n')
    .toLowerCase();
}

/** What has no value comes last, whichever way is up. @param {any} a @param {any} b @param {boolean} isDown */
function compare(a, b, isDown) {
  const isLost = (/** @type {any} */ value) => value === null || value === 'NaN';
  if (isLost(a) || isLost(b)) return Number(isLost(a)) - Number(isLost(b));
  const [x, y] = [Number(a), Number(b)];
  const isNumbers = typeof a !== 'boolean' && !Number.isNaN(x) && !Number.isNaN(y);
  const order = isNumbers ? x - y : exact(a) < exact(b) ? -1 : exact(a) > exact(b) ? 1 : 0;
  return isDown ? -order : order;
}

// --- charts ----------------------------------------------------------------------------------------------------------

/** What a mark of a chart says of itself is shown beside the pointer. */
function tips() {
  const tip = document.getElementById('tip');
  if (tip === null) return;
  document.addEventListener('pointermove', (event) => {
    const target =
      event.target instanceof Element ? event.target.closest('.drawing [aria-label][role="graphics-symbol"]') : null;
    const label = target?.getAttribute('aria-label') ?? '';
    tip.hidden = label === '';
    if (label === '') return;
    tip.textContent = label.split('; ').join('\n');
    const { clientX: x, clientY: y } = event;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 18 + height > innerHeight ? y - height - 10 : y + 18}px`;
  });
}

/** Charts open larger; there the wheel, the pointer, + and − and the arrows move what is seen. */
function zoom() {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('enlarged'));
  if (dialog === null) return;
  for (const button of document.querySelectorAll('.enlarge')) {
    /** @type {HTMLElement} */ (button).hidden = false;
    button.addEventListener('click', () => {
      const figure = button.closest('figure');
      const svg = figure?.querySelector('svg');
      if (svg === null || svg === undefined) return;
      const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
      // What the chart refers to within itself stands in the original under these names.
      for (const named of [copy, ...copy.querySelectorAll('[id]')]) named.removeAttribute('id');
      fillDialog(dialog, copy, figure?.querySelector('.head strong')?.textContent ?? '');
      dialog.showModal();
    });
  }
}

/** @param {HTMLDialogElement} dialog @param {SVGSVGElement} svg @param {string} title */
function fillDialog(dialog, svg, title) {
  const whole = {
    x: 0,
    y: 0,
    width: svg.viewBox.baseVal.width || Number(svg.getAttribute('width')),
    height: svg.viewBox.baseVal.height || Number(svg.getAttribute('height')),
  };
  let seen = { ...whole };
  const show = () => svg.setAttribute('viewBox', `${seen.x} ${seen.y} ${seen.width} ${seen.height}`);
  /** @param {number} by @param {number} atX @param {number} atY */
  const scale = (by, atX = 0.5, atY = 0.5) => {
    const width = Math.min(whole.width, Math.max(whole.width / 20, seen.width / by));
    const height = (width * whole.height) / whole.width;
    seen = { x: seen.x + (seen.width - width) * atX, y: seen.y + (seen.height - height) * atY, width, height };
    move(0, 0);
  };
  /** @param {number} x @param {number} y */
  const move = (x, y) => {
    seen.x = Math.min(Math.max(0, seen.x + x), whole.width - seen.width);
    seen.y = Math.min(Math.max(0, seen.y + y), whole.height - seen.height);
    show();
  };
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  show();
  svg.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top, width, height } = svg.getBoundingClientRect();
      scale(event.deltaY < 0 ? 1.25 : 0.8, (event.clientX - left) / width, (event.clientY - top) / height);
    },
    { passive: false },
  );
  svg.addEventListener('pointerdown', (event) => svg.setPointerCapture(event.pointerId));
  svg.addEventListener('pointermove', (event) => {
    if (!svg.hasPointerCapture(event.pointerId)) return;
    const ratio = seen.width / svg.getBoundingClientRect().width;
    move(-event.movementX * ratio, -event.movementY * ratio);
  });
  /** @type {Record<string, () => void>} */
  const keys = {
    '+': () => scale(1.25),
    '=': () => scale(1.25),
    '-': () => scale(0.8),
    0: () => scale(0),
    ArrowLeft: () => move(-seen.width / 10, 0),
    ArrowRight: () => move(seen.width / 10, 0),
    ArrowUp: () => move(0, -seen.height / 10),
    ArrowDown: () => move(0, seen.height / 10),
  };
  dialog.onkeydown = (event) => {
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  /** @param {string} sign @param {string} label @param {() => void} act */
  const tool = (sign, label, act) => {
    const button = element('button', { type: 'button', 'aria-label': label }, sign);
    button.addEventListener('click', act);
    return button;
  };
  const tools = element(
    'div',
    { class: 'tools' },
    tool('+', 'Zoom in', () => scale(1.25)),
    tool('−', 'Zoom out', () => scale(0.8)),
    tool('1:1', 'Show all of it', () => scale(0)),
    tool('Close', 'Close', () => dialog.close()),
  );
  const tip = document.getElementById('tip');
  // In front of the dialog only what lies in it.
  if (tip !== null) dialog.addEventListener('close', () => document.body.append(tip), { once: true });
  dialog.replaceChildren(
    element('div', { class: 'head' }, element('strong', {}, title), tools),
    element('div', { class: 'drawing' }, svg),
    ...(tip === null ? [] : [tip]),
  );
}

// --- transcripts, and where in the page one is -----------------------------------------------------------------------

function transcriptFilters() {
  for (const filter of document.querySelectorAll('[data-filters]')) {
    const list = document.getElementById(filter.getAttribute('data-filters') ?? '');
    const input = filter.querySelector('input');
    if (list === null || input === null) continue;
    const items = [...list.children].map((item) => ({
      item: /** @type {HTMLElement} */ (item),
      words: (item.textContent ?? '').toLowerCase(),
    }));
    input.addEventListener('input', () => {
      const wanted = input.value.toLowerCase();
      for (const { item, words } of items) item.hidden = !words.includes(wanted);
      const n = items.filter(({ item }) => !item.hidden).length;
      const status = filter.querySelector('[role=status]');
      if (status !== null) status.textContent = `${n} of ${items.length}`;
    });
    /** @type {HTMLElement} */ (filter).hidden = false;
  }
}

function currentSection() {
  const links = new Map(
    [...document.querySelectorAll('.contents a')].map((link) => [link.getAttribute('href')?.slice(1) ?? '', link]),
  );
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute('aria-current');
        links.get(target.id)?.setAttribute('aria-current', 'true');
      }
    },
    { rootMargin: '-10% 0px -75% 0px' },
  );
  for (const id of links.keys()) {
    const target = document.getElementById(id);
    if (target !== null) observer.observe(target);
  }
}

themes();
const data = document.getElementById('data');
if (data !== null) {
  /** @type {Record<string, Table>} */
  const tables = JSON.parse(data.textContent ?? '{}');
  for (const place of document.querySelectorAll('.runs')) {
    const table = tables[/** @type {HTMLElement} */ (place).dataset.study ?? ''];
    if (table !== undefined) new RunTable(/** @type {HTMLElement} */ (place), table);
  }
}
tips();
zoom();
transcriptFilters();
currentSection();
