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

/** The UTF-8 bytes of a text, one character a byte. */
export function toByteCharacters(text: string): string {
  let characters = '';
  for (const byte of new TextEncoder().encode(text)) characters += BYTE_CHARACTERS[byte];
  return characters;
}
