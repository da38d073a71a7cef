// The byte-level alphabet of GPT-2: every byte as one printable character, so that a vocabulary of bytes is readable JSON.

/** Bytes that stand for themselves: printable ASCII and the printable part of Latin-1. The rest move to U+0100 and up. */
function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

/** The character of each of the 256 bytes. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 0x100 + moved++));
})();

const ENCODER = new TextEncoder();
const PLAIN = /^ ?[!-~]*$/;

/** The UTF-8 bytes of a text, one character a byte. */
export function toByteCharacters(text: string): string {
  // Most words are ASCII, perhaps after a space.
  if (PLAIN.test(text)) return text.startsWith(' ') ? `${BYTE_CHARACTERS[0x20]}${text.slice(1)}` : text;
  let characters = '';
  for (const byte of ENCODER.encode(text)) characters += BYTE_CHARACTERS[byte];
  return characters;
}
