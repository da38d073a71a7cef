// Text from files and models as a terminal may be given it: codes that would steer the terminal, or turn the text around, are shown.

const CODES = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** On one line. */
export function printable(text: string): string {
  return escapeCodes(text.replace(/\r?\n|\t/g, ' '));
}

/** Line by line as it is. */
export function printableText(text: string): string {
  return escapeCodes(text.replaceAll('\r\n', '\n'));
}

/** Text that may hold colors of ours, on one line. */
export function printableScreen(text: string): string {
  return text
    .split(COLOR)
    .map((part, i) => (i % 2 === 0 ? escapeCodes(part) : part))
    .join('');
}

/** As picocolors writes them. */
const COLOR = new RegExp(`(${String.fromCharCode(0x1b)}\\[\\d+m)`);

function escapeCodes(text: string): string {
  return text.replace(CODES, (code) =>
    code === '\n' || code === '\t' ? code : `\\u${code.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
