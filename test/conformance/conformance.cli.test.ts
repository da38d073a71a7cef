// `cookbook conformance` as a command: what it refuses before it begins, and what it ends with.

import { expect, it } from 'vitest';
import { writeChatModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { openServer } from '../support/tinker_server.ts';

it('prints the table of a group, or the same as data', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await openServer({ models: { tiny: await writeChatModel(`${cwd}/model`) } });
  const argv = ['conformance', url, '--only', 'sessions', '--quiet'];
  const { code, stdout } = await cookbook(argv, { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^tiny at ${url}\\n\\nneeded by SDK .*\\nsessions/config +· +yes`));
  const { stdout: json } = await cookbook([...argv, '--json'], { cwd });
  expect(JSON.parse(json)).toMatchObject({ address: url, model: 'tiny', missing: { '0.38.0': [] } });
});

it.each([
  [['http://127.0.0.1:9', '--only', 'nothing'], '--only nothing: there is no such group of checks'],
  [['nowhere'], 'nowhere must be an address such as http://127.0.0.1:8000\nWrite http://nowhere'],
  [['localhost:8000'], 'must begin with http:// or https://\nWrite http://localhost:8000'],
  [['http://192.0.2.1', '--model', 'm'], 'nobody has agreed to it\nAdd --yes.'],
])('%j is refused', async (argv, message) => {
  const env = { TINKER_API_KEY: 'tml-none' };
  const { code, stderr } = await cookbook(['conformance', ...argv], { cwd: await temporaryDirectory(), env });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

it('takes the name that the server has for the model, and refuses one that it has not', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await openServer({ models: { 'models/tiny': await writeChatModel(`${cwd}/model`) } });
  const argv = ['conformance', url, '--only', 'sessions'];
  const alike = await cookbook([...argv, '--model', 'tiny'], { cwd });
  expect(alike).toMatchObject({ code: 0, stdout: expect.stringMatching(/^models\/tiny at /) });
  expect(alike.stderr).toMatch(/^\[1\/\d+\] sessions\/config: passed$/m);
  expect(await cookbook([...argv, '--model', 'tinny'], { cwd })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'the server has no model "tinny"\nIt has models/tiny. Name a small one with --model.',
  });
});

it('tells a wrong path of an address from a server without models', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await openServer({ models: { tiny: await writeChatModel(`${cwd}/model`) } });
  const { code, stderr } = await cookbook(['conformance', `${url}/elsewhere`], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain(`${url}/elsewhere lists no models\nSee that this is the address of a Tinker service`);
});

it('ends at once when it is told to while it waits for a server', async () => {
  const { code, signal } = await cookbook(['conformance', 'http://127.0.0.1:9'], {
    cwd: await temporaryDirectory(),
    onLine: (_number, child) => child.kill('SIGINT'),
  });
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGINT' });
});
