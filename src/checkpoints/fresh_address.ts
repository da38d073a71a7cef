// Addresses that a service hands out for a while only: of one that is refused, another is asked for, once.

import { StatusError } from '../tinker/http/errors.ts';

/** Gets from `url`, or, where that has expired, from the address that `renew` finds. */
export async function fromFreshAddress<T>(
  url: string,
  renew: () => Promise<string>,
  get: (url: string) => Promise<T>,
): Promise<T> {
  try {
    return await get(url);
  } catch (error) {
    if (!(error instanceof StatusError && error.status === 403)) throw error;
    return await get(await renew());
  }
}
