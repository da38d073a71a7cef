// Where a service of the Tinker API is: the address that a spec or the environment gives, checked.

import { ConfigurationError } from '../../util/errors.ts';

const HOSTED = 'https://tinker.thinkingmachines.dev/services/tinker-prod';

/** The address without a slash at its end: as given (where, for messages), else of TINKER_BASE_URL, else that of the hosted service. */
export function serviceAddress(given: string | null, env: NodeJS.ProcessEnv, where = 'service.base_url'): string {
  const address = given ?? (env.TINKER_BASE_URL || HOSTED);
  const problem = addressProblem(address);
  if (problem === null) return address.replace(/\/+$/, '');
  throw new ConfigurationError(
    `${given === null ? 'TINKER_BASE_URL' : where} ${problem}`,
    BARE.test(address) ? { hint: `Write http://${address}` } : {},
  );
}

/** A host, with its port and path or without: all that lacks is the protocol. */
const BARE = /^[\w.-]+(:\d+)?(\/[^\s?#@]*)?$/;

/** What is wrong with an address; null: nothing. It is recorded with the run, so it must hold no password. */
function addressProblem(address: string): string | null {
  if (!URL.canParse(address)) return `must be an address such as http://127.0.0.1:8000`;
  const { protocol, username, password, search, hash } = new URL(address);
  if (username !== '' || password !== '') {
    return 'must not hold a name or a password: the key comes from TINKER_API_KEY';
  }
  if (protocol !== 'http:' && protocol !== 'https:') return `must begin with http:// or https://`;
  return search === '' && hash === '' ? null : 'must end with its path: no ? and no #';
}
