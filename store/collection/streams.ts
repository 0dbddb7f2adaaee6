import type { Knex } from 'knex';
import type { ProducedBy } from '../../domain/collection/day.ts';
import type { Delivery, SourceContact } from '../../domain/streams.ts';
import { releaseUpperUnits } from '../ledger/obligations.ts';
import { noteUnits } from '../ledger/units.ts';

/** A stream as the database knows it. */
export interface StreamRow {
  id: number;
  name: string;
  title: string;
  unitCode: string;
  unitName: string;
  delivery: Delivery;
  collectFrom: Date;
  pausedReason: string | null;
}

/** A stream as it is configured now. */
export interface StreamSettings {
  name: string;
  title: string;
  connector: string;
  unitCode: string;
  unitName: string;
  delivery: Delivery;
  /** 归集起始时间; null means the day the stream is first seen. */
  since: Date | null;
  /** 证照类型代码 of every certificate of the stream, where its records do not say. */
  certificateType?: string | undefined;
  /** Its unit stands above the city, whose regulation does not bind it; not so where left out. */
  unitAbove?: boolean;
  /** The rule of the daily increment; null for streams that owe none. */
  daily: {
    rule: string;
    article: string;
    duty: string;
    basis: string;
    cutOff: string;
    due: string;
    /** Records changed so short before the end of a day may come in later, `N minutes`; none where left out. */
    grace?: string;
    /** By what a new record is of a day: when it was issued or its case completed (also where left out), or changed. */
    producedBy?: ProducedBy;
    /** Whether a field of its records says that the certificate was reviewed (签发审核); not so where left out. */
    reviewed?: boolean;
    /** Whether its records bear the time of their last change at the source; so also where left out. */
    timed?: boolean;
  } | null;
}

/**
 * Brings the table in line with the configuration: new streams begin now, paused ones are tried again, missing ones
 * are retired and keep their data. Of `unread` connectors it is not known what streams they have: these stay as they are.
 */
export async function saveStreams(
  db: Knex,
  streams: readonly StreamSettings[],
  at: Date,
  unread: readonly string[] = [],
): Promise<void> {
  await db.transaction(async (trx) => {
    await noteUnits(
      trx,
      streams.map(({ unitCode: code, unitName: name }) => ({ code, name })),
    );
    await trx.raw(
      `INSERT INTO stream (name, title, connector, unit_code, unit_name, delivery, collect_from, activated_at,
         rule, article, duty, basis, cut_off, due, grace, produced_by, certificate_type, timed, reviewed, unit_above)
       SELECT name, title, connector, "unitCode", unit_called("unitCode", "unitName"), delivery,
         coalesce(since, date_trunc('day', :at::timestamptz, 'Asia/Shanghai')), :at,
         rule, article, duty, basis, "cutOff", due, grace, "producedBy", "certificateType", timed, reviewed,
         coalesce("unitAbove", false)
       FROM json_to_recordset(:streams::json) AS configured(name text, title text, connector text, "unitCode" text,
         "unitName" text, delivery text, since timestamptz, rule text, article text, duty text,
         basis text, "cutOff" interval, due interval, grace interval, "producedBy" text, "certificateType" text, timed boolean, reviewed boolean,
         "unitAbove" boolean)
       ON CONFLICT (name) DO UPDATE SET title = excluded.title, connector = excluded.connector,
         unit_code = excluded.unit_code, unit_name = excluded.unit_name, delivery = excluded.delivery,
         collect_from = CASE WHEN excluded.collect_from < stream.collect_from THEN excluded.collect_from ELSE stream.collect_from END,
         rule = excluded.rule, article = excluded.article, duty = excluded.duty,
         basis = excluded.basis, cut_off = excluded.cut_off, due = excluded.due, grace = excluded.grace, produced_by = excluded.produced_by, certificate_type = excluded.certificate_type,
           timed = excluded.timed, reviewed = excluded.reviewed, unit_above = excluded.unit_above,
         retired_at = NULL, paused_reason = NULL, paused_code = NULL`,
      { at, streams: JSON.stringify(streams.map(({ daily, ...stream }) => ({ ...stream, ...daily }))) },
    );
    await trx('stream')
      .whereNotIn(
        'name',
        streams.map(({ name }) => name),
      )
      .whereNotIn('connector', [...unread])
      .whereNull('retired_at')
      .update({ retired_at: at });
    await releaseUpperUnits(trx, at);
    await trx.raw('INSERT INTO coverage (stream_id) SELECT id FROM stream ON CONFLICT DO NOTHING');
  });
}

const COLUMNS = {
  id: 'id',
  name: 'name',
  title: 'title',
  unitCode: 'unit_code',
  unitName: 'unit_name',
  delivery: 'delivery',
  collectFrom: 'collect_from',
  pausedReason: 'paused_reason',
};

/** A stream by its name; throws where there is none, because the configuration was not saved. */
export async function getStream(db: Knex, name: string): Promise<StreamRow> {
  const row = await db('stream').where({ name }).first<StreamRow | undefined>(COLUMNS);
  if (!row) throw new Error(`stream ${name} is not in the database`);
  return row;
}

/** Every stream that is configured now, by name. */
export async function listStreams(db: Knex): Promise<StreamRow[]> {
  return db('stream').whereNull('retired_at').orderBy('name').select<StreamRow[]>(COLUMNS);
}

/** Has a stream not be read any more, for the first of the faults that ask for it; `code` names the fault. */
export async function pauseStream(db: Knex, name: string, reason: string, code: string | null): Promise<void> {
  await db('stream').where({ name }).whereNull('paused_reason').update({ paused_reason: reason, paused_code: code });
}

/** Has a paused stream be read again, as whenever the configuration is; false where it is not paused. */
export const resumeStream = async (db: Knex, name: string): Promise<boolean> =>
  (await db('stream')
    .where({ name })
    .whereNotNull('paused_reason')
    .update({ paused_reason: null, paused_code: null })) > 0;

export async function noteContact(
  db: Knex,
  name: string,
  contact: SourceContact,
  detail: string | null,
  at: Date,
): Promise<void> {
  await db('stream').where({ name }).update({ contact, contact_detail: detail, contact_at: at });
}
