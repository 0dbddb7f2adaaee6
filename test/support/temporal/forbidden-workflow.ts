import { readFileSync } from 'node:fs';

/** What a workflow must not do: bundling it has to fail. */
export function forbidden(): string {
  return readFileSync('/etc/hostname', 'utf8');
}
