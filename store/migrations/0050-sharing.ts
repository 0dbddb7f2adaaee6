import type { Knex } from 'knex';

/**
 * The using side (用证): lists of uses are approved, and become grants; every use is written down, and has a receipt that
 * is signed with others in a batch.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE usage_list ADD COLUMN approved_at timestamptz, ADD COLUMN approved_by text;

    -- What a share request asks for, where it is for one use of one type (一证一接口): granting it makes the grant.
    ALTER TABLE share_request ADD COLUMN wish jsonb;

    -- What a unit may do with certificates of one type, for one matter in one scenario.
    CREATE TABLE share_grant (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      matter text COLLATE "C" NOT NULL,
      matter_name text NOT NULL,
      scenario text NOT NULL,
      type_code text COLLATE "C" NOT NULL,
      fields text[] NOT NULL,
      interfaces text[] NOT NULL,
      legal_basis text,
      -- Calls a day; null: no limit.
      per_day integer CHECK (per_day > 0),
      -- What it rests on: a version of the unit’s list, or a request that was granted.
      list_version integer,
      request_id bigint REFERENCES share_request,
      granted_at timestamptz NOT NULL,
      granted_by text NOT NULL,
      until timestamptz,
      ended_at timestamptz,
      ended_by text,
      end_reason text,
      CHECK ((list_version IS NULL) <> (request_id IS NULL)),
      CHECK ((ended_at IS NULL) = (ended_by IS NULL))
    );
    CREATE UNIQUE INDEX share_grant_in_force ON share_grant (unit_code, type_code, matter, scenario) WHERE ended_at IS NULL;
    -- Calls of the day, of grants that have a limit.
    CREATE TABLE share_grant_day (
      grant_id bigint NOT NULL REFERENCES share_grant,
      day date NOT NULL,
      calls integer NOT NULL,
      PRIMARY KEY (grant_id, day)
    );

    -- Holders in the log are known by a hash that needs this key.
    ALTER TABLE hub ADD COLUMN use_key bytea NOT NULL DEFAULT (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

    -- Receipts that were signed together: their Merkle root, chained to the batch before.
    CREATE TABLE receipt_batch (
      id bigint PRIMARY KEY,
      previous bytea NOT NULL,
      root bytea NOT NULL,
      receipts integer NOT NULL CHECK (receipts > 0),
      signed_at timestamptz NOT NULL,
      signatures jsonb NOT NULL
    );
    -- Public keys that receipts were ever signed by.
    CREATE TABLE receipt_key (
      id text PRIMARY KEY,
      algorithm text NOT NULL,
      public_key text NOT NULL,
      since timestamptz NOT NULL
    );

    -- Every use of certificates, answered or refused: who, when, what for. Nothing is changed or taken out; a receipt gets
    -- its place in a batch once. A log outlives what it tells of: it refers to nothing but what it is made of.
    CREATE TABLE certificate_use (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      receipt uuid NOT NULL UNIQUE,
      at timestamptz NOT NULL,
      act text NOT NULL,
      outcome text NOT NULL CHECK (outcome IN ('answered', 'none', 'refused')),
      refusal text,
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      account_id bigint REFERENCES account,
      client text NOT NULL,
      operator text,
      address text,
      grant_id bigint,
      matter text NOT NULL,
      scenario text NOT NULL,
      business text NOT NULL,
      reason text NOT NULL,
      type_code text COLLATE "C" NOT NULL,
      holder bytea,
      answer bytea NOT NULL,
      text text NOT NULL,
      leaf bytea NOT NULL,
      batch_id bigint REFERENCES receipt_batch,
      place integer,
      CHECK ((batch_id IS NULL) = (place IS NULL)),
      CHECK ((outcome = 'refused') = (refusal IS NOT NULL))
    );
    CREATE INDEX certificate_use_unsigned ON certificate_use (id) WHERE batch_id IS NULL;
    CREATE INDEX certificate_use_by_batch ON certificate_use (batch_id, place);
    CREATE INDEX certificate_use_by_unit ON certificate_use (unit_code, id);
    CREATE INDEX certificate_use_by_holder ON certificate_use (holder, id) WHERE holder IS NOT NULL;
    CREATE FUNCTION keep_use() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' AND OLD.batch_id IS NULL
          AND (to_jsonb(OLD) - 'batch_id' - 'place') = (to_jsonb(NEW) - 'batch_id' - 'place') THEN RETURN NEW; END IF;
        RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
      END $$;
    CREATE TRIGGER use_is_kept BEFORE UPDATE OR DELETE ON certificate_use FOR EACH ROW EXECUTE FUNCTION keep_use();
    CREATE TRIGGER uses_are_kept BEFORE TRUNCATE ON certificate_use FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- The certificates that a use showed, each with the version that it was.
    CREATE TABLE used_certificate (
      stream_id integer NOT NULL,
      record_key text COLLATE "C" NOT NULL,
      use_id bigint NOT NULL REFERENCES certificate_use,
      content_hash bytea NOT NULL,
      PRIMARY KEY (stream_id, record_key, use_id)
    );
    CREATE TRIGGER used_certificates_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON used_certificate
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- 用证码: by which what was found for a case is read on, for that case alone. Only their hashes are kept.
    CREATE TABLE use_code (
      code_hash bytea PRIMARY KEY,
      use_id bigint NOT NULL REFERENCES certificate_use,
      stream_id integer NOT NULL REFERENCES stream,
      record_key text COLLATE "C" NOT NULL,
      until timestamptz NOT NULL
    );
    CREATE INDEX use_code_until ON use_code (until);
    -- Whether a file that somebody shows is one of ours.
    CREATE INDEX fetched_file_by_hash ON fetched_file (content_hash);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX fetched_file_by_hash;
    DROP TABLE use_code, used_certificate, certificate_use, receipt_key, receipt_batch, share_grant_day, share_grant;
    DROP FUNCTION keep_use();
    ALTER TABLE hub DROP COLUMN use_key;
    ALTER TABLE share_request DROP COLUMN wish;
    ALTER TABLE usage_list DROP COLUMN approved_at, DROP COLUMN approved_by;
  `);
}
