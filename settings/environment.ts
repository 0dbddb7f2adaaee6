import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import { fault } from '../domain/faults.ts';
import type { SecretRef } from './values.ts';

/** What the hub takes from the environment; nothing else reads `process.env`. */
export interface Environment {
  /** An existing PostgreSQL instead of the embedded one. */
  databaseUrl: string | undefined;
  /** An existing Temporal instead of the local development server, `host:port`. */
  temporalAddress: string | undefined;
  /** Folder for downloads that every checkout can share. */
  cacheFolder: string;
  path: string[];
  /** Everything, for programs that are started. */
  all: Record<string, string | undefined>;
}

const read = (name: string): string | undefined => (process.env[name]?.trim() === '' ? undefined : process.env[name]);

export function readEnvironment(): Environment {
  return {
    databaseUrl: read('DATABASE_URL'),
    temporalAddress: read('TEMPORAL_ADDRESS'),
    cacheFolder: read('HUB_CACHE') ?? join(read('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'certificate-hub'),
    path: (read('PATH') ?? '').split(':').filter(Boolean),
    all: process.env,
  };
}

/** Sets a variable for this process and for those it starts. */
export function provide(name: string, value: string): void {
  process.env[name] = value;
}

/** The value behind a reference; throws a configuration error that names the reference and never the value. */
export function resolveReference(reference: SecretRef, purpose: string): string {
  if ('env' in reference) {
    const value = read(reference.env);
    if (value !== undefined) return value;
    throw fault('secret-missing', { purpose, variable: reference.env });
  }
  try {
    return readFileSync(reference.file, 'utf8').trim();
  } catch (error) {
    throw fault('secret-missing', { purpose, file: reference.file, why: messageOf(error) });
  }
}
