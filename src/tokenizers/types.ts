// What the rest of the code needs of a tokenizer.

export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  readonly padTokenId: number | null;
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
   * Text of ids, special tokens spelled out unless skipped; bytes that are no UTF-8 become U+FFFD. Ids without a token
   * (models pad their vocabulary) have no text.
   */
  decode(tokens: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  /** Id of a token by its exact text, e.g. `<|im_end|>`; null if there is none. */
  tokenId(text: string): number | null;
  isSpecial(token: number): boolean;
}
