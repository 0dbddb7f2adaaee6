import type { Knex } from 'knex';

/**
 * Archives (归档): the packages that were made of the log of uses. What is archived and verified can be removed from the
 * log, a day of a unit at a time, and leaves a trace; nothing else can.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX used_certificate_by_use ON used_certificate (use_id);
    -- Uses come in the order of their time.
    CREATE INDEX certificate_use_by_time ON certificate_use USING brin (at);

    CREATE TABLE archive_package (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      unit_code text COLLATE "C" NOT NULL,
      first_day date NOT NULL,
      last_day date NOT NULL,
      -- Digest (SHA-256 of the tag manifest) of the unit’s package before.
      previous bytea,
      -- Null until it is made.
      digest bytea,
      uses bigint,
      made_at timestamptz,
      -- When all of it was last read in the hub’s own place, and found whole.
      verified_at timestamptz,
      UNIQUE (unit_code, first_day, last_day),
      CHECK (first_day <= last_day),
      CHECK ((digest IS NULL) = (made_at IS NULL) AND (digest IS NULL) = (uses IS NULL))
    );

    -- Uses of a unit on a day that were removed from the log.
    CREATE TABLE use_removal (
      unit_code text COLLATE "C" NOT NULL,
      day date NOT NULL,
      uses bigint NOT NULL,
      -- SHA-256 over the leaves of their receipts, in the order of the log.
      leaves bytea NOT NULL,
      package_id bigint NOT NULL REFERENCES archive_package,
      -- The package’s digest.
      archive bytea NOT NULL,
      removed_at timestamptz NOT NULL,
      transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
      PRIMARY KEY (unit_code, day)
    );
    CREATE FUNCTION check_use_removal() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        kept record;
      BEGIN
        SELECT count(*) AS uses, sha256(coalesce(string_agg(leaf, ''::bytea ORDER BY id), ''::bytea)) AS leaves,
          count(*) FILTER (WHERE batch_id IS NULL) AS unsigned INTO kept
        FROM certificate_use WHERE unit_code = NEW.unit_code
          AND at >= NEW.day::timestamp AT TIME ZONE 'Asia/Shanghai' AND at < (NEW.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai';
        IF kept.uses <> NEW.uses OR kept.leaves <> NEW.leaves OR kept.unsigned > 0 OR NOT EXISTS (
          SELECT FROM archive_package p WHERE p.id = NEW.package_id AND p.unit_code = NEW.unit_code
            AND NEW.day BETWEEN p.first_day AND p.last_day AND p.verified_at IS NOT NULL AND p.digest = NEW.archive
        ) THEN RAISE EXCEPTION 'uses of % on % are not all in an archive that was verified', NEW.unit_code, NEW.day; END IF;
        NEW.transaction := pg_current_xact_id();
        RETURN NEW;
      END $$;
    CREATE TRIGGER use_removal_is_true BEFORE INSERT ON use_removal FOR EACH ROW EXECUTE FUNCTION check_use_removal();
    CREATE TRIGGER use_removals_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON use_removal
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- Leaves of receipts that were removed, for as long as others of their batch are kept: what proves those needs them.
    CREATE TABLE removed_leaf (
      batch_id bigint NOT NULL REFERENCES receipt_batch,
      place integer NOT NULL,
      leaf bytea NOT NULL,
      PRIMARY KEY (batch_id, place)
    );

    -- Uses go only within the transaction that leaves their trace.
    CREATE FUNCTION may_go(unit text, used_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT EXISTS (SELECT FROM use_removal WHERE unit_code = unit COLLATE "C"
        AND day = (used_at AT TIME ZONE 'Asia/Shanghai')::date AND transaction = pg_current_xact_id())
    $$;
    CREATE OR REPLACE FUNCTION keep_use() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        kept certificate_use := NEW;
      BEGIN
        -- Every receipt that is signed comes by here: what it would be without its place is what it was.
        kept.batch_id := NULL;
        kept.place := NULL;
        IF TG_OP = 'UPDATE' AND OLD.batch_id IS NULL AND kept IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF;
        IF TG_OP = 'DELETE' AND may_go(OLD.unit_code, OLD.at) THEN RETURN OLD; END IF;
        RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
      END $$;
    CREATE FUNCTION keep_used() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM certificate_use u WHERE u.id = OLD.use_id AND may_go(u.unit_code, u.at)) THEN RETURN OLD; END IF;
        RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
      END $$;
    DROP TRIGGER used_certificates_are_kept ON used_certificate;
    CREATE TRIGGER used_certificates_are_kept BEFORE UPDATE OR TRUNCATE ON used_certificate
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER used_certificate_is_kept BEFORE DELETE ON used_certificate FOR EACH ROW EXECUTE FUNCTION keep_used();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER used_certificate_is_kept ON used_certificate;
    DROP TRIGGER used_certificates_are_kept ON used_certificate;
    CREATE TRIGGER used_certificates_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON used_certificate
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE OR REPLACE FUNCTION keep_use() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' AND OLD.batch_id IS NULL
          AND (to_jsonb(OLD) - 'batch_id' - 'place') = (to_jsonb(NEW) - 'batch_id' - 'place') THEN RETURN NEW; END IF;
        RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
      END $$;
    DROP FUNCTION keep_used(), may_go(text, timestamptz);
    DROP TABLE removed_leaf, use_removal;
    DROP FUNCTION check_use_removal();
    DROP TABLE archive_package;
    DROP INDEX certificate_use_by_time, used_certificate_by_use;
  `);
}
