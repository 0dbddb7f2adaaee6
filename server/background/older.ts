import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { beat, lastBeat } from '../../store/ledger/uptime.ts';
import { hubSince, idleTimes, noteRestoration } from '../../store/ledger/restorations.ts';

/** The server's own note of when it was last at work, beside the database: a restored database has forgotten it. */
interface Heartbeat {
  /** Which hub's database it was. */
  hub: string;
  at: string;
}

/** Who knows what the database should know. */
export interface Witnesses {
  /** Folder of the heartbeat file. */
  folder: string;
  /** When work was finished in Temporal for the last time within a span; null where none was, or nobody can say. */
  lastWorkIn: (span: { from: Date; to: Date }) => Promise<Date | null>;
}

/**
 * Notes where the database is of an earlier moment than the heartbeat file or Temporal know, then that the server is at
 * work, in both.
 */
export async function noteOlder(db: Knex, { folder, lastWorkIn }: Witnesses, at: Date): Promise<void> {
  const since = await hubSince(db);
  const hub = since.toISOString();
  const file = join(folder, 'heartbeat.json');
  const known = await readHeartbeat(file);
  const last = (await lastBeat(db, 'server')) ?? since;
  // Written after the database had it: one that does not have it has lost it.
  if (known?.hub === hub && Date.parse(known.at) > last.getTime())
    await noteRestoration(db, { from: last, to: new Date(known.at), knownBy: 'heartbeat' }, at);
  for (const span of await idleTimes(db, 'worker', at)) {
    const to = await lastWorkIn(span);
    if (to) await noteRestoration(db, { from: span.from, to, knownBy: 'temporal' }, at);
  }
  await beat(db, 'server', at);
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify({ hub, at: at.toISOString() } satisfies Heartbeat));
  await rename(`${file}.new`, file);
}

/** What the file says; null where there is none, or it was cut short. */
async function readHeartbeat(file: string): Promise<Heartbeat | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Heartbeat;
  } catch {
    return null;
  }
}
