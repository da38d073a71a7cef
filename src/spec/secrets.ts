// Secrets of the environment: a resolved spec and all that is written of it name them, `${secret:NAME}`; only builders see them.

import { ConfigurationError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `API_KEY`, `HF_TOKEN`, `DB_PASSWORD`; neither `TOKENIZER` nor `MAX_TOKENS`. */
const SECRET_NAME = /secret|passw(or)?d|credential|keys?(?![a-z])|token(?![a-z])/i;
/** A reference, or `$${secret:`, which stands for these characters themselves. */
const REFERENCE = /\$\$\{secret:|\$\{secret:([^{}]*)\}/g;
/** What is shorter is no secret, and would be found everywhere. */
const SHORTEST = 4;

export function looksSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

export function secretReference(name: string): string {
  return `\${secret:${name}}`;
}

/** The first secret that a text refers to, or null. */
export function secretIn(text: string): string | null {
  // Nearly every text has none, and a plan asks of a hundred thousand.
  if (!text.includes('${secret:')) return null;
  return [...text.matchAll(REFERENCE)].find(([, name]) => name !== undefined)?.[1] ?? null;
}

/** A text in which no reference to a secret is one. */
export function withoutSecrets(text: string): string {
  return text.replaceAll('${secret:', () => '$${secret:');
}

export function variable(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** The value with its secrets in place, for those who use them. @throws ConfigurationError for one that is not set */
export function revealSecrets<T extends JsonObject>(value: T, env: Environment): T {
  if (!JSON.stringify(value).includes('${secret:')) return value;
  const revealed = { ...value };
  for (const [name, member] of Object.entries(value)) Object.assign(revealed, { [name]: reveal(member, env) });
  return revealed;
}

function reveal(value: JsonValue, env: Environment): JsonValue {
  if (typeof value === 'string') return value.replace(REFERENCE, (_, name?: string) => secret(name, env));
  if (Array.isArray(value)) return value.map((item) => reveal(item, env));
  return isJsonObject(value) ? revealSecrets(value, env) : value;
}

function secret(name: string | undefined, env: Environment): string {
  if (name === undefined) return '${secret:';
  const value = variable(env, name);
  if (value !== undefined) return value;
  throw new ConfigurationError(`the environment variable ${name} is not set`, {
    hint: 'The spec of the run refers to it as a secret, so its value was not recorded.',
  });
}

/** Puts the reference back where the value of a secret of this spec stands in a text: in the messages of others' errors. */
export function redactor(spec: JsonObject, env: Environment): (text: string) => string {
  const names = new Set([...JSON.stringify(spec).matchAll(REFERENCE)].flatMap(([, name]) => name ?? []));
  const secrets = [...names].flatMap((name) => {
    const value = variable(env, name) ?? '';
    return value.length < SHORTEST ? [] : [{ name, value }];
  });
  return (text) =>
    secrets.reduce((shown, { name, value }) => shown.replaceAll(value, () => secretReference(name)), text);
}
