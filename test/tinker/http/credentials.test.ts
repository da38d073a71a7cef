// Keys: where they come from, and where they do not show.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { describeSchema } from '../../../src/spec/describe.ts';
import { serviceAddress } from '../../../src/tinker/http/address.ts';
import { tinker } from '../../../src/tinker/http/builder.ts';
import { Credential } from '../../../src/tinker/http/credentials.ts';
import { Tokens } from '../../../src/tinker/http/tokens.ts';
import { jsonAnswer, Transport } from '../../../src/tinker/http/transport.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { connect, FakeService, type Fault, KEY, LORA } from './support/fake_service.ts';

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

const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;

it('where a service asks for tokens they are sent in the place of the key, and got anew when one is refused', async () => {
  const tokens = [jwt({ iat: 0, exp: 900, n: 1 }), jwt({ iat: 0, exp: 900, n: 2 })];
  const fake = new FakeService({ config: { pjwt_auth_enabled: true } });
  const { service } = await connect(await fake.start());
  let given = 0;
  fake.fault = ({ path, headers }): Fault | null => {
    if (path === 'auth/token') return { status: 200, body: { jwt: tokens[given++] } };
    const refused = path === 'get_info' && headers['x-api-key'] === tokens[0];
    return refused ? { status: 401, body: { detail: `${tokens[0]} is withdrawn` } } : null;
  };
  await service.createLoraTrainingClient(LORA);
  expect(fake.heard.map(({ path, headers }) => [path, headers['x-api-key']])).toEqual([
    ['get_server_capabilities', KEY],
    ['client/config', KEY],
    ['auth/token', KEY],
    ['client/dynamic_config', tokens[0]],
    ['create_session', tokens[0]],
    ['create_model', tokens[0]],
    ['retrieve_future', tokens[0]],
    ['get_info', tokens[0]],
    ['auth/token', KEY],
    ['get_info', tokens[1]],
  ]);
});

it('tokens are replaced in the middle of their lives, and one that has ended is waited for', async () => {
  let now = 0;
  let exchanged = 0;
  const tokens = new Tokens(
    async () => jwt({ iat: 5_000, exp: 6_000, n: ++exchanged }),
    () => now,
  );
  const first = await tokens.current();
  now = 499_000;
  expect(await tokens.current()).toBe(first);
  now = 501_000;
  expect([await tokens.current(), exchanged]).toEqual([first, 2]);
  const second = await tokens.current();
  expect(second).not.toBe(first);
  now = 501_000 + 950_000;
  expect(await tokens.current()).not.toBe(second);
  expect(exchanged).toBe(3);
});

it('a token that does not say how long it is good is an error', async () => {
  await expect(new Tokens(async () => 'no.token').current()).rejects.toThrow('jwt: does not say how long it is good');
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
  expect(() => serviceAddress(address, {})).toThrow(`service.base_url ${problem}`);
  expect(() => serviceAddress(null, { TINKER_BASE_URL: address })).toThrow(`TINKER_BASE_URL ${problem}`);
});

it('a spec is told what an address looks like', () => {
  const { base_url } = tinker.params.properties;
  expect(describeSchema(base_url)).toBe('a text such as http://127.0.0.1:8000, or null');
});
