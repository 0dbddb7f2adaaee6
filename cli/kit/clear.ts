import { hostname, userInfo } from 'node:os';
import type { Knex } from 'knex';
import { audit, type AuditEntry } from '../../store/console/audit.ts';
import { print, printAsGiven } from './output.ts';

/** Who works at the command line: a user of this machine, whom the console does not know. */
function operator(): string {
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    // A container can run as a number without a name.
    name = String(process.getuid?.() ?? 'unknown');
  }
  return `${name}@${hostname()}`;
}

/** Writes down that somebody at the command line looks at, or takes out, what is personal. */
export const auditOperator = (db: Knex, what: Pick<AuditEntry, 'action' | 'object' | 'detail'>): Promise<void> =>
  audit(db, { at: new Date(), accountId: null, actor: operator(), role: null, address: null, ...what });

/**
 * How a command prints what it found: masked, or as it is where that was asked for (`--unmasked`), which stands in the
 * audit before anything is shown.
 */
export async function printerFor(
  db: Knex,
  unmasked: boolean | undefined,
  what: Parameters<typeof auditOperator>[1],
): Promise<(text: string) => void> {
  if (!unmasked) return print;
  await auditOperator(db, what);
  return printAsGiven;
}
