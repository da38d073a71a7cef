// What the parts of the board are built of. Text that a run has written becomes a text node, and never markup.

const CODES = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Codes that steer a terminal, or turn a text around, as what they are. */
export function inert(text) {
  return text
    .replaceAll('\r\n', '\n')
    .replace(CODES, (code) => `\\u${code.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** An element with properties and attributes; listeners are named `onclick` and the like. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'class') node.className = value;
    else if (name === 'value') node.value = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child instanceof Node ? child : inert(String(child)));
  }
  return node;
}

/** A sign beside the word and the color, for who sees no colors. */
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
  unknown: '?',
};
export const STATES = Object.keys(SIGNS);

export function stateElement(state, count = null) {
  const known = Object.hasOwn(SIGNS, state) ? state : 'unknown';
  return element(
    count === null ? 'span' : 'li',
    { class: `state ${known}` },
    element('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[known]),
    count === null ? known : `${count} ${known}`,
  );
}

/** Four digits tell enough. */
export function numberText(value) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const text = value.toPrecision(4);
  return text.includes('e') ? String(Number(text)) : text.replace(/\.?0+$/, '');
}

export function countText(count, noun) {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** How long ago, for people. */
export function agoText(time, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 90) return `${Math.max(0, seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 129_600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`;
}

/** The question behind a chart, folded away. */
export function sqlElement(sql) {
  const copy = element(
    'button',
    {
      type: 'button',
      onclick: async () => {
        await navigator.clipboard?.writeText(sql).catch(() => undefined);
        copy.textContent = 'Copied';
        setTimeout(() => {
          copy.textContent = 'Copy';
        }, 1500);
      },
    },
    'Copy',
  );
  return element('details', { class: 'sql' }, element('summary', {}, 'SQL'), element('pre', {}, sql), copy);
}

/** A table of names and values. */
export function factsElement(rows) {
  return element(
    'table',
    { class: 'facts' },
    element(
      'tbody',
      {},
      rows.map(([name, value]) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value))),
    ),
  );
}

/** Wide tables scroll within themselves, also by keyboard. */
export function scrolling(label, table) {
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, table);
}

/** Calls `work` soon, and no more often than every so many milliseconds, for the last of its calls. */
export function atMostEvery(milliseconds, work) {
  let timer = null;
  let last = 0;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(
      () => {
        timer = null;
        last = Date.now();
        work();
      },
      Math.max(0, last + milliseconds - Date.now()),
    );
  };
}

export async function ask(path, query = {}, options = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const each of [value].flat()) if (each !== null && each !== undefined) search.append(name, each);
  const answer = await fetch(`${path}?${search}`, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok)
    throw Object.assign(new Error(body.detail ?? `the board answered ${answer.status}`), {
      status: answer.status,
      body,
    });
  return body;
}
