import type { Knex } from 'knex';

/** What is known of one field of a stream's records. */
export interface KnownField {
  types: number;
  always: boolean;
}

/** Where the fields of one stream's records are remembered, for whoever compares them. */
export const fieldMemory = (db: Knex, streamId: number, now: () => Date) => ({
  load: () => knownFields(db, streamId),
  saveFields: (fields: ReadonlyMap<string, KnownField>) => saveFields(db, streamId, fields),
  saveDrifts: (drifts: readonly DriftRow[]) => saveDrifts(db, streamId, drifts, now()),
});

/** The fields of a stream's records as they are known; `settled`: they are those of a complete batch. */
async function knownFields(db: Knex, streamId: number): Promise<{ fields: Map<string, KnownField>; settled: boolean }> {
  const rows = await db('stream_field')
    .where({ stream_id: streamId })
    .select<({ field: string } & KnownField)[]>('field', 'types', 'always');
  const stream = await db('stream').where({ id: streamId }).first<{ at: Date | null }>({ at: 'fields_known_at' });
  return { fields: new Map(rows.map(({ field, ...known }) => [field, known])), settled: stream.at !== null };
}

/** Keeps what was learnt of a stream's fields; what another reader learnt meanwhile stays. */
async function saveFields(db: Knex, streamId: number, fields: ReadonlyMap<string, KnownField>): Promise<void> {
  await db.raw(
    `INSERT INTO stream_field (stream_id, field, types, always)
     SELECT :streamId, field, types, always FROM json_to_recordset(:fields) AS f(field text, types integer, always boolean)
     ON CONFLICT (stream_id, field) DO UPDATE SET types = stream_field.types | excluded.types,
       always = stream_field.always AND excluded.always
     WHERE stream_field.types <> stream_field.types | excluded.types OR stream_field.always AND NOT excluded.always`,
    { streamId, fields: JSON.stringify([...fields].map(([field, known]) => ({ field, ...known }))) },
  );
}

/** From now on the fields that are known are what later reads are compared with. */
export async function settleFields(db: Knex, streamId: number, at: Date): Promise<void> {
  await db('stream')
    .where({ id: streamId })
    .whereNull('fields_known_at')
    // A batch of which nothing was accepted tells no fields.
    .whereExists(db('stream_field').where({ stream_id: streamId }).select('field'))
    .update({ fields_known_at: at });
}

/** One difference between what a source's records have and what they had. */
export interface DriftRow {
  field: string;
  change: string;
  detail: string;
  action: string;
}

async function saveDrifts(db: Knex, streamId: number, drifts: readonly DriftRow[], at: Date): Promise<void> {
  if (drifts.length === 0) return;
  await db('drift')
    .insert(
      drifts.map(({ field, change, detail, action }) => ({
        stream_id: streamId,
        field,
        change,
        detail,
        action,
        first_seen_at: at,
        last_seen_at: at,
      })),
    )
    .onConflict(['stream_id', 'field', 'change', 'detail'])
    .merge(['last_seen_at', 'action']);
}
