// What the rest of the code needs of a tokenizer.

/** A piece of a text that several wrote. */
export interface TextPiece {
  readonly text: string;
  /** Special tokens that it spells out are these tokens. False for what a user or a model wrote: it stays text. */
  readonly special: boolean;
  /** It begins with a token of its own: a model that goes on here cannot have changed the token before. */
  readonly apart?: boolean;
}

export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  readonly padTokenId: number | null;
  /** Every id at which sampling from the model ends, EOS first. */
  readonly endTokenIds: readonly number[];
  /** Jinja text of the model's chat template, or null. */
  readonly chatTemplate: string | null;
  /** Texts of the special tokens, such as `<|im_end|>`. */
  readonly specialTokens: readonly string[];
  /**
   * Ids of text; no special token is added. Special tokens that are spelled out in the text become their ids, unless
   * `special` is false: then text stays text, which is how anything that a user or a model wrote has to be encoded.
   */
  encode(text: string, options?: { special?: boolean }): number[];
  /**
   * Ids of the joined text of the pieces, by the piece in which each token begins. Text is encoded as a whole, because ids
   * of parts are no ids of the whole: words merge over their ends, and many tokenizers put a space in front of a text.
   */
  encodePieces(pieces: readonly TextPiece[]): number[][];
  /**
   * Text of ids, special tokens spelled out unless skipped; bytes that are no UTF-8 become U+FFFD. Ids without a token
   * (models pad their vocabulary) have no text. `continues`: other tokens stand before them, so that a space at their
   * beginning is one.
   */
  decode(tokens: readonly number[], options?: { skipSpecialTokens?: boolean; continues?: boolean }): string;
  /** Id of a token by its exact text, e.g. `<|im_end|>`; null if there is none. */
  tokenId(text: string): number | null;
  /** The text of a token as the vocabulary spells it, where `Ġ` may be a space; null if no token has this id. */
  tokenText(token: number): string | null;
  isSpecial(token: number): boolean;
}
