// Numbers as people write them.

/** With a point, an exponent or a sign; no hexadecimal, no Infinity. Each digit is read once, however many there are. */
export const DECIMAL_NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i;
