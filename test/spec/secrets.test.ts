// Secrets of the environment: named in the resolved spec and in all that is written of it, seen only by what is built.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { looksSecret, redactor, revealSecrets } from '../../src/spec/secrets.ts';
import { DATA, resolved, spec, workspace } from './workspace.ts';

const ENV = { API_KEY: 'hunter2-and-more', HOST: 'example.org', NOTE: 'not for all', TRICK: '${secret:API_KEY}' };

async function notes(text: string): Promise<unknown> {
  const directory = await workspace({ ...DATA, 'run.yaml': spec(`notes: '${text}'`) });
  return (await resolved(directory, { env: ENV })).notes;
}

describe('a resolved spec', () => {
  test.each([
    ['${env:HOST}', 'example.org'],
    ['${env:API_KEY}', '${secret:API_KEY}'],
    ['${secret:NOTE}', '${secret:NOTE}'],
    ['https://${env:HOST}?key=${env:API_KEY}', 'https://example.org?key=${secret:API_KEY}'],
  ])('%s is recorded as %s', async (written, recorded) => {
    expect(await notes(written)).toBe(recorded);
  });

  test.each(['$${secret:API_KEY}', '${env:TRICK}'])('%s is no reference to a secret', async (written) => {
    const recorded = { notes: String(await notes(written)) };
    expect(revealSecrets(recorded, ENV)).toEqual({ notes: '${secret:API_KEY}' });
    expect(redactor(recorded, ENV)('hunter2-and-more')).toBe('hunter2-and-more');
  });
});

test.each(['API_KEY', 'HF_TOKEN', 'DB_PASSWORD', 'SECRET', 'apiKey', 'KEYS', 'TOKEN_2', 'AWS_SECRET_ACCESS_KEY'])(
  '%s looks like a secret',
  (name) => expect(looksSecret(name)).toBe(true),
);

test.each(['TOKENIZER', 'MAX_TOKENS', 'KEYBOARD', 'HOME', 'MODEL'])('%s does not', (name) =>
  expect(looksSecret(name)).toBe(false),
);

test('secrets are put in wherever they are named', () => {
  const value = { a: ['${secret:API_KEY}', { b: 'x${secret:NOTE}x' }], c: 3 };
  expect(revealSecrets(value, ENV)).toEqual({ a: ['hunter2-and-more', { b: 'xnot for allx' }], c: 3 });
  expect(() => revealSecrets({ a: '${secret:GONE}' }, ENV)).toThrow('the environment variable GONE is not set');
});

test('whatever a message says around it, the secret is named instead', () => {
  const redact = redactor({ a: 'k=${secret:API_KEY}' }, ENV);
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      expect(redact(`${before}${ENV.API_KEY}${after}`)).not.toContain(ENV.API_KEY);
    }),
  );
  expect(redact('401 for k=hunter2-and-more')).toBe('401 for k=${secret:API_KEY}');
});
