import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';

/** What the parameters of an address ask for: none, or TLS with what is checked of the server's certificate. */
export type Tls = null | (ConnectionOptions & { rejectUnauthorized: boolean; verifyIdentity: boolean });

const MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

/** Names of the modes where they are called something else. */
const ALIASES: Readonly<Record<string, Mode>> = {
  DISABLED: 'disable',
  REQUIRED: 'require',
  VERIFY_CA: 'verify-ca',
  VERIFY_IDENTITY: 'verify-full',
};
const FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const;

/** Names of parameters that say how a connection is encrypted. */
export const TLS_PARAMETERS = ['sslmode', ...Object.keys(FILES)];

/** Whether a host is this machine, to which nobody else can listen. */
export const isThisMachine = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

/** Reads parameters of an address; throws a configuration error for a value that is none. */
export function tlsOf(host: string, parameters: ReadonlyMap<string, string>, place: string): Tls {
  const given = parameters.get('sslmode');
  const mode = modeOf(given, place) ?? (isThisMachine(host) ? 'disable' : 'verify-full');
  if (mode === 'disable') return null;
  const files = Object.entries(FILES).flatMap(([name, option]): [string, Buffer][] => {
    const path = parameters.get(name);
    return path === undefined ? [] : [[option, readOf(path, place, name)]];
  });
  const verifyIdentity = mode === 'verify-full';
  return {
    ...Object.fromEntries(files),
    rejectUnauthorized: mode !== 'require',
    verifyIdentity,
    ...(!verifyIdentity && { checkServerIdentity: () => undefined }),
  };
}

function modeOf(given: string | undefined, place: string): Mode | undefined {
  if (given === undefined) return undefined;
  const mode = Object.hasOwn(ALIASES, given) ? ALIASES[given] : MODES.find((each) => each === given);
  if (mode !== undefined) return mode;
  throw fault('address-parameter', { place, name: `sslmode=${given}`, known: MODES.map((each) => `sslmode=${each}`) });
}

function readOf(path: string, place: string, name: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw fault('file-unreadable', { file: `${place}: ${name}`, why: messageOf(error) });
  }
}
