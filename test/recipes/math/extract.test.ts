// The final answers of worked solutions and of replies.

import { describe, expect, it } from 'vitest';
import {
  extractGsm8kFinalAnswer,
  extractLastInteger,
  extractNumericAnswer,
} from '../../../src/recipes/math/extract.ts';
import { DataValidationError } from '../../../src/util/errors.ts';

describe('extractGsm8kFinalAnswer', () => {
  it.each([
    ['2*4=<<2*4=8>>8\n#### 8', '8'],
    ['#### 1\n#### 2\n', '2'],
    ['  ####: 1,234,567  ', '1234567'],
    ['#### 3\nso #### 4', '3'],
    ['it is #### 5 or #### 1,006', '1006'],
    ['####7\r\nmore', '7'],
    ['#### -2.5 apples', '-2.5 apples'],
  ])('reads %j as %j', (text, answer) => {
    expect(extractGsm8kFinalAnswer(text)).toBe(answer);
  });

  it('throws where no answer is marked', () => {
    expect(() => extractGsm8kFinalAnswer('The answer is 8.')).toThrow(DataValidationError);
    expect(() => extractGsm8kFinalAnswer('so ####')).toThrow(DataValidationError);
  });
});

describe('extractLastInteger', () => {
  it.each([
    ['9', 9],
    ['4 + 5 = 9.', 9],
    ['1,234', 1234],
    ['it is -7', -7],
    ['3.14', 14],
    ['007', 7],
    ['nine', null],
    ['', null],
  ])('reads %j as %j', (text, answer) => {
    expect(extractLastInteger(text)).toBe(answer);
  });
});

describe('extractNumericAnswer', () => {
  it.each([
    ['#### 1, the answer is 2, **3**, 4, \\boxed{\\$5,000}', '5000'],
    ['the answer is 2, **3**, 4\n#### $1,000.50', '1000.50'],
    ['#### Step 1\nIt is 2.\n#### Step 2\n#### 3', '3'],
    ['**3** The answer is 1. No, the answer is: $2. Not 4.', '2'],
    ['Answer: -2 of 4', '-2'],
    ['**3** or **$4** or 5', '4'],
    ['**Step 1** makes **12 apples**, 3 a day', '12'],
    ['first 1, then 2,000.', '2000'],
    ['10-3', '3'],
    ['it costs -$7', '-7'],
    ['.5', '.5'],
    ['\\boxed{five}, or 6', null],
    ['none', null],
  ])('reads %j as %j', (text, answer) => {
    expect(extractNumericAnswer(text)).toBe(answer);
  });

  it('looks at each digit of a reply once, however many there are', () => {
    const digits = '1'.repeat(300_000);
    expect(extractNumericAnswer(`it is **${digits}`)).toBe(digits);
    expect(extractNumericAnswer('**1.5,000 boats** of **7,000.25 kg** in all')).toBe('7000.25');
  });
});
