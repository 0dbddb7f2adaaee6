import { DAY_MS } from '../../../domain/dates.ts';
import type { UsageItem } from '../../../domain/sharing/usage-list.ts';
import type { Unit } from '../../../domain/units.ts';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import { addToken } from '../../../store/console/sessions.ts';
import { approvedCatalog, approveDrafts, draftEntries } from '../../../store/library/catalog.ts';
import { approveUsageList, saveUsageList } from '../../../store/sharing/usage-lists.ts';
import type { ApiHub } from '../../support/api.ts';

/** A token by which a system of an account’s unit calls the share interface, for a year. */
export async function tokenOf({ database: { db }, nowMs }: ApiHub, login: string): Promise<string> {
  const { id } = await db('account').where({ login }).first<{ id: number }>('id');
  const expiresAt = new Date(nowMs + 365 * DAY_MS);
  const wanted = { label: '业务系统', scopes: ['certificates:use' as const], expiresAt };
  return (await addToken(db, id, wanted, new Date(nowMs))).token;
}

/** Has the library hold a certificate of persons, or hold it with another status. */
export async function deliver(
  { database: { db }, nowMs }: ApiHub,
  certificate: {
    stream: number;
    key: string;
    number: string;
    type: string;
    holders: readonly object[];
    status?: string | undefined;
    face?: Record<string, string>;
  },
): Promise<void> {
  const { status = 'valid', face = { address: '太湖大道一号' }, holders, ...named } = certificate;
  await db.raw(
    `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
       raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at)
     VALUES (:stream, :key, :number, :type, '证', '2025-01-01', true, :holders, :status, '1', :face,
       convert_to(:key || :status, 'UTF8'), :at, 0, :at)
     ON CONFLICT (stream_id, record_key) DO UPDATE SET status = :status, content_hash = excluded.content_hash`,
    {
      ...named,
      status,
      at: new Date(nowMs),
      face: JSON.stringify(face),
      holders: JSON.stringify(holders.map((each) => ({ codeType: '111', ...each }))),
    },
  );
}

/** Has types be in the catalog, and a unit's list of uses of them be approved. */
export async function grantUses(
  { database: { db }, nowMs }: ApiHub,
  unit: Unit,
  types: readonly string[],
  items: UsageItem[],
): Promise<void> {
  const at = new Date(nowMs);
  const entries = types.map((typeCode) => catalogEntrySchema.parse({ typeCode, name: '证', publicity: 'public' }));
  await draftEntries(db, entries, 'x', at);
  await approveDrafts(db, types, 'y', at);
  await saveUsageList(db, unit, items, { by: '张三', at });
  await db.transaction(async (trx) =>
    approveUsageList(trx, unit.code, 1, await approvedCatalog(trx), { by: '张三', at }),
  );
}
