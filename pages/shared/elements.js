// What pages are built of. Text that a run has written becomes a text node, and never markup.

/** @typedef {Node | string | number | null | undefined} Child */
/** @typedef {string | number | boolean | null | undefined | ((event: Event) => unknown)} Property */

const CODES = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Codes that steer a terminal, or turn a text around, as what they are.
 * @param {string} text
 */
export function inert(text) {
  return text
    .replaceAll('\r\n', '\n')
    .replace(CODES, (code) => `\\u${code.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * An element with attributes and children; functions are listeners, named `onclick` and the like. What is null or false is left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Property>} properties
 * @param {...(Child | readonly Child[])} children
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name.slice('on'.length), value);
    else node.setAttribute(name, value === true ? '' : inert(String(value)));
  }
  append(node, children);
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @param {...SVGElement} children
 */
export function svgElement(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, inert(String(value)));
  node.append(...children);
  return node;
}

/**
 * @param {ParentNode} node
 * @param {readonly (Child | readonly Child[])[]} children
 */
function append(node, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child instanceof Node ? child : inert(String(child)));
  }
}

/**
 * Wide tables scroll within themselves, also by keyboard.
 * @param {string} label
 * @param {Node} table
 */
export function scrolling(label, table) {
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, table);
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}
