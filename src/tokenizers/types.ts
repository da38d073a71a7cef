// What the rest of the code needs of a tokenizer.

export interface Tokenizer {
  readonly vocabSize: number;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  readonly padTokenId: number | null;
  /** Jinja text of the model's chat template, or null. */
  readonly chatTemplate: string | null;
  /** Ids of text. Special tokens that are spelled out in the text become their ids; none is added. */
  encode(text: string): number[];
  /** Text of ids, special tokens spelled out unless skipped; bytes that are no UTF-8 become U+FFFD. */
  decode(tokens: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  /** Id of a token by its exact text, e.g. `<|im_end|>`; null if there is none. */
  tokenId(text: string): number | null;
  isSpecial(token: number): boolean;
}
