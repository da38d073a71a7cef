// Charts open larger; there the wheel, the pointer, + and − and the arrows move what is seen.

import { byId, element } from '../shared/elements.js';

export function enlargeCharts() {
  const dialog = byId('enlarged');
  if (!(dialog instanceof HTMLDialogElement)) return;
  for (const button of document.querySelectorAll('.enlarge')) {
    if (button instanceof HTMLElement) button.hidden = false;
    button.addEventListener('click', () => {
      const figure = button.closest('figure');
      const copy = figure?.querySelector('svg')?.cloneNode(true);
      if (!(copy instanceof SVGSVGElement)) return;
      // What the chart refers to within itself stands in the original under these names.
      for (const named of [copy, ...copy.querySelectorAll('[id]')]) named.removeAttribute('id');
      fill(dialog, copy, figure?.querySelector('.head strong')?.textContent ?? '');
      dialog.showModal();
    });
  }
}

/** The part of a drawing that is seen. */
class View {
  #svg;
  #whole;
  #seen;

  /** @param {SVGSVGElement} svg */
  constructor(svg) {
    const { width, height } = svg.viewBox.baseVal;
    this.#svg = svg;
    this.#whole = {
      x: 0,
      y: 0,
      width: width || Number(svg.getAttribute('width')),
      height: height || Number(svg.getAttribute('height')),
    };
    this.#seen = { ...this.#whole };
    this.move(0, 0);
  }

  /**
   * Larger by a factor, around a point that stays where it is; 0 shows all of it.
   * @param {number} by
   */
  scale(by, atX = 0.5, atY = 0.5) {
    const [whole, seen] = [this.#whole, this.#seen];
    const width = Math.min(whole.width, Math.max(whole.width / 20, seen.width / by));
    const height = (width * whole.height) / whole.width;
    this.#seen = {
      x: seen.x + (seen.width - width) * atX,
      y: seen.y + (seen.height - height) * atY,
      width,
      height,
    };
    this.move(0, 0);
  }

  /**
   * By shares of what is seen.
   * @param {number} x
   * @param {number} y
   */
  move(x, y) {
    const [whole, seen] = [this.#whole, this.#seen];
    seen.x = Math.min(Math.max(0, seen.x + x * seen.width), whole.width - seen.width);
    seen.y = Math.min(Math.max(0, seen.y + y * seen.height), whole.height - seen.height);
    this.#svg.setAttribute('viewBox', `${seen.x} ${seen.y} ${seen.width} ${seen.height}`);
  }
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {SVGSVGElement} svg
 * @param {string} title
 */
function fill(dialog, svg, title) {
  const view = new View(svg);
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  followPointer(svg, view);
  dialog.onkeydown = followKeys(view);
  /** @type {(sign: string, label: string, onclick: () => void) => Node} */
  const tool = (sign, label, onclick) => element('button', { type: 'button', 'aria-label': label, onclick }, sign);
  const tools = element(
    'div',
    { class: 'tools' },
    tool('+', 'Zoom in', () => view.scale(1.25)),
    tool('−', 'Zoom out', () => view.scale(0.8)),
    tool('1:1', 'Show all of it', () => view.scale(0)),
    tool('Close', 'Close', () => dialog.close()),
  );
  // In front of the dialog only what lies in it.
  const tip = byId('tip');
  dialog.addEventListener('close', () => document.body.append(tip), { once: true });
  dialog.replaceChildren(
    element('div', { class: 'head' }, element('strong', {}, title), tools),
    element('div', { class: 'drawing' }, svg),
    tip,
  );
}

/**
 * @param {SVGSVGElement} svg
 * @param {View} view
 */
function followPointer(svg, view) {
  svg.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top, width, height } = svg.getBoundingClientRect();
      view.scale(event.deltaY < 0 ? 1.25 : 0.8, (event.clientX - left) / width, (event.clientY - top) / height);
    },
    { passive: false },
  );
  svg.addEventListener('pointerdown', ({ pointerId }) => svg.setPointerCapture(pointerId));
  svg.addEventListener('pointermove', ({ pointerId, movementX, movementY }) => {
    if (!svg.hasPointerCapture(pointerId)) return;
    const { width, height } = svg.getBoundingClientRect();
    view.move(-movementX / width, -movementY / height);
  });
}

/** @param {View} view */
function followKeys(view) {
  const keys = new Map([
    ['+', () => view.scale(1.25)],
    ['=', () => view.scale(1.25)],
    ['-', () => view.scale(0.8)],
    ['0', () => view.scale(0)],
    ['ArrowLeft', () => view.move(-0.1, 0)],
    ['ArrowRight', () => view.move(0.1, 0)],
    ['ArrowUp', () => view.move(0, -0.1)],
    ['ArrowDown', () => view.move(0, 0.1)],
  ]);
  return (/** @type {KeyboardEvent} */ event) => {
    const act = keys.get(event.key);
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
}
