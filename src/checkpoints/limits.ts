// How much a service may make this machine write.

/** Of one checkpoint: far more than any adapter takes. */
export const MOST_BYTES = 64 * 2 ** 30;
export const MOST_FILES = 1000;
