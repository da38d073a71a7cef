// Whole numbers in English words.

const BELOW_TWENTY =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = '_ _ twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** `forty-two`, `one hundred and seven`; for 0 to 999. */
export function numberWords(value: number): string {
  if (value < 20) return BELOW_TWENTY[value];
  if (value < 100) {
    const ones = value % 10;
    return `${TENS[Math.floor(value / 10)]}${ones === 0 ? '' : `-${BELOW_TWENTY[ones]}`}`;
  }
  const rest = value % 100;
  return `${BELOW_TWENTY[Math.floor(value / 100)]} hundred${rest === 0 ? '' : ` and ${numberWords(rest)}`}`;
}
