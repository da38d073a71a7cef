// The first of two normal forms of an answer, for comparison letter by letter: LaTeX stays LaTeX, in one way of writing it. It
// is the one that the MATH dataset (arXiv 2103.03874) is graded with.

/** Without a `\text{…}` around all of it. */
export function unwrapped(answer: string): string {
  return answer.replace(/^\\text\{(.+)\}$/, '$1');
}

/** The normal form; for LaTeX with unfinished commands, the answer as it is. */
export function normalizeAnswer(answer: string): string {
  const text = unwrapped(answer.trim()).trim();
  return simplified(text) ?? text;
}

function simplified(text: string): string | null {
  const plain = withoutUnits(
    text
      .replaceAll('\n', '')
      .replaceAll('\\!', '')
      .replaceAll('\\\\', '\\')
      .replaceAll(/[td]frac/g, 'frac')
      .replaceAll(/\\(?:left|right)/g, '')
      .replaceAll('^{\\circ}', '')
      .replaceAll('^\\circ', '')
      .replaceAll('\\$', ''),
  );
  if (plain === null) return null;
  const withZeros = plain.replaceAll('\\%', '').replaceAll(' .', ' 0.').replaceAll('{.', '{0.').replace(/^\./, '0.');
  const fractions = bracedFractions(bracedRoots(rightSide(withZeros)).replaceAll(' ', ''));
  if (fractions === null) return null;
  return fractions === '0.5' ? '\\frac{1}{2}' : latexFraction(fractions);
}

/** What stands before `\text{ units}`; null where there are two of those. */
function withoutUnits(text: string): string | null {
  const parts = text.split('\\text{ ');
  return parts.length <= 2 ? parts[0] : null;
}

/** The value of `x = 5`, where the left side is a name. */
function rightSide(text: string): string {
  const sides = text.split('=');
  return sides.length === 2 && sides[0].length <= 2 ? sides[1] : text;
}

/** `\sqrt3` with its braces. Only the sign that follows goes into them, be it a space. */
function bracedRoots(text: string): string {
  const [before, ...rest] = text.split('\\sqrt');
  const roots = rest.map((part) => `\\sqrt${part.startsWith('{') ? part : `{${part.slice(0, 1)}}${part.slice(1)}`}`);
  return [before, ...roots].join('');
}

/** `\frac12` with its braces; null where a fraction has no arguments at all. */
function bracedFractions(text: string): string | null {
  const [before, ...rest] = text.split('\\frac');
  let braced = before;
  for (const part of rest) {
    if (part === '') return null;
    if (part.startsWith('{')) braced += `\\frac${part}`;
    else if (part.length < 2) return text;
    else braced += `\\frac{${part[0]}}${part[1] === '{' ? part.slice(1) : `{${part[1]}}${part.slice(2)}`}`;
  }
  return braced;
}

/** `1/2` as `\frac{1}{2}`, where both are whole numbers in their usual spelling. */
function latexFraction(text: string): string {
  return text.replace(/^(0|-?[1-9]\d*)\/(0|-?[1-9]\d*)$/, '\\frac{$1}{$2}');
}
