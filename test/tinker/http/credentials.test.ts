// Keys: where they come from, and where they do not show.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { addressProblem, serviceAddress } from '../../../src/tinker/http/address.ts';
import { Credential } from '../../../src/tinker/http/credentials.ts';
import { jsonAnswer, Transport } from '../../../src/tinker/http/transport.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { FakeService, KEY } from './support/fake_service.ts';

const HOSTED = 'https://tinker.example';

it('the key of the environment comes before a command that prints one', async () => {
  const both = { TINKER_API_KEY: ` ${KEY}\n`, TINKER_CREDENTIAL_CMD: 'echo tml-other' };
  expect((await Credential.of(HOSTED, both)).header()).toBe(KEY);
  expect((await Credential.of(HOSTED, { ...both, TINKER_API_KEY: '' })).header()).toBe('tml-other');
});

it('another machine is sent no request without a key, and this one a word in its place', async () => {
  await expect(Credential.of(HOSTED, {})).rejects.toMatchObject({
    message: `there is no key for ${HOSTED}`,
    hint: 'Set TINKER_API_KEY to your key, or TINKER_CREDENTIAL_CMD to a command that prints it.',
  });
  expect((await Credential.of('http://127.0.0.1:8000', {})).header()).toBe('tml-local');
  await expect(Credential.of('http://127.0.0.1.example', {})).rejects.toThrow('there is no key');
});

it.each([
  [{ TINKER_API_KEY: `${KEY}\r\nX-Evil: 1` }, 'TINKER_API_KEY holds characters that no key has'],
  [{ TINKER_CREDENTIAL_CMD: `echo '${KEY} and more'` }, 'the command in TINKER_CREDENTIAL_CMD printed no key'],
  [{ TINKER_CREDENTIAL_CMD: `echo ${KEY}; exit 3` }, 'the command in TINKER_CREDENTIAL_CMD failed with exit code 3'],
])('what is wrong with a key is told without it', async (env, message) => {
  const error: unknown = await Credential.of(HOSTED, env).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message });
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain(KEY);
});

it('a credential shows its key to nobody who prints it', async () => {
  const credential = await Credential.of(HOSTED, { TINKER_API_KEY: KEY });
  expect(inspect(credential, { depth: null, showHidden: true }) + JSON.stringify(credential)).not.toContain(KEY);
  expect(credential.redact(`a ${KEY} b ${KEY}`)).toBe('a [key] b [key]');
});

it('a key that has expired is asked for again, once', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'key');
  await writeFile(file, 'tml-old');
  const fake = new FakeService();
  const address = await fake.start();
  const credential = await Credential.of(address, { TINKER_CREDENTIAL_CMD: `cat '${file}'`, PATH: process.env.PATH });
  const transport = new Transport({ address, credential, notify: () => undefined });
  fake.fault = ({ headers }) => (headers['x-api-key'] === 'tml-old' ? { status: 401 } : null);
  const ask = () => transport.attempt({ path: '/api/v1/client/config', json: {}, read: jsonAnswer((value) => value) });
  await expect(ask()).rejects.toThrow('HTTP 401');
  await writeFile(file, 'tml-new');
  expect(await ask()).toEqual({});
  expect(fake.heard.map(({ headers }) => headers['x-api-key'])).toEqual(['tml-old', 'tml-old', 'tml-new']);
});

it('the address is that of the spec, of the environment, or the hosted service', () => {
  expect(serviceAddress('http://localhost:1/a/', { TINKER_BASE_URL: 'http://other' })).toBe('http://localhost:1/a');
  expect(serviceAddress(null, { TINKER_BASE_URL: 'http://other/' })).toBe('http://other');
  expect(serviceAddress(null, { TINKER_BASE_URL: '' })).toMatch(/^https:.*tinker-prod$/);
  expect(() => serviceAddress(null, { TINKER_BASE_URL: 'nowhere' })).toThrow('TINKER_BASE_URL must be an address');
});

it.each([
  ['https://me:secret@host', 'must not hold a name or a password'],
  ['ftp://host', 'must begin with http:// or https://'],
  ['https://host?key=1', 'must end with its path'],
])('%s is no address to record with a run', (address, problem) => {
  expect(addressProblem(address)).toContain(problem);
});
