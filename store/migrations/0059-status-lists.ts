import type { Knex } from 'knex';

/** Status lists: states of certificates for whoever verifies without network. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE status_list (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      type_code text COLLATE "C" NOT NULL,
      -- By which entries get their index; nobody else knows it.
      key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()),
      filled integer NOT NULL DEFAULT 0,
      -- What its entries have gone through, and up to where it has been made of them.
      changes bigint NOT NULL DEFAULT 0,
      made_of bigint,
      made_at timestamptz,
      jws jsonb,
      CHECK ((made_of IS NULL) = (made_at IS NULL) AND (made_at IS NULL) = (jws IS NULL))
    );
    CREATE INDEX status_list_by_type ON status_list (type_code, id);

    -- Certificates whose index somebody knows.
    CREATE TABLE status_entry (
      type_code text COLLATE "C" NOT NULL,
      number text COLLATE "C" NOT NULL,
      list_id integer NOT NULL REFERENCES status_list,
      index integer NOT NULL,
      state smallint NOT NULL,
      PRIMARY KEY (number, type_code)
    );
    CREATE UNIQUE INDEX status_entry_by_index ON status_entry (list_id, index);
    CREATE INDEX status_entry_set ON status_entry (list_id, index) WHERE state <> 0;

    -- Of these, those of which something came in. Noted by the database itself.
    CREATE TABLE status_change (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      type_code text COLLATE "C" NOT NULL,
      number text COLLATE "C" NOT NULL
    );
    CREATE FUNCTION note_status_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      -- Each is looked up by itself, whatever is known of how many there are.
      INSERT INTO status_change (type_code, number)
        SELECT DISTINCT e.type_code, e.number FROM came CROSS JOIN LATERAL (SELECT type_code, number FROM status_entry
          WHERE number = came.number AND type_code = came.type_code LIMIT 1) AS e;
      RETURN NULL;
    END $$;
    CREATE TRIGGER certificate_status_came AFTER INSERT ON certificate
      REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_status_changes();
    CREATE TRIGGER certificate_status_changed AFTER UPDATE ON certificate
      REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_status_changes();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER certificate_status_came ON certificate;
    DROP TRIGGER certificate_status_changed ON certificate;
    DROP FUNCTION note_status_changes();
    DROP TABLE status_change, status_entry, status_list;
  `);
}
