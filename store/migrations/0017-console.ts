import type { Knex } from 'knex';

/** Who signs in, for which unit, and what they did. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Units (单位) and what they are below: a district's bureau is below the city's.
    CREATE TABLE unit (
      code text COLLATE "C" PRIMARY KEY,
      name text NOT NULL,
      parent_code text COLLATE "C" REFERENCES unit
    );
    INSERT INTO unit (code, name)
      SELECT DISTINCT ON (unit_code) unit_code, unit_name FROM (
        SELECT unit_code, unit_name FROM stream UNION ALL SELECT unit_code, unit_name FROM contact) AS known
      ORDER BY unit_code;
    -- A unit and all that is below it.
    CREATE FUNCTION units_below(top text) RETURNS text[] LANGUAGE sql STABLE AS $$
      WITH RECURSIVE below AS (
        SELECT top COLLATE "C" AS code UNION SELECT unit.code FROM unit JOIN below ON unit.parent_code = below.code)
      SELECT array_agg(code) FROM below $$;

    CREATE TABLE account (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      login text COLLATE "C" NOT NULL UNIQUE CHECK (login = lower(login)),
      name text NOT NULL,
      role text NOT NULL,
      -- Sees this unit and those below it; null: all.
      unit_code text COLLATE "C" REFERENCES unit,
      -- Argon2id; null where somebody else vouches for them (OIDC).
      password_hash text,
      must_change boolean NOT NULL DEFAULT false,
      failures integer NOT NULL DEFAULT 0,
      locked_until timestamptz,
      -- The subject under which the identity provider knows them.
      oidc_subject text UNIQUE,
      created_at timestamptz NOT NULL,
      disabled_at timestamptz,
      version integer NOT NULL DEFAULT 1
    );
    -- Tokens are kept as SHA-256: whoever reads the database cannot sign in with what is there.
    CREATE TABLE session (
      token_hash bytea PRIMARY KEY,
      account_id bigint NOT NULL REFERENCES account,
      started_at timestamptz NOT NULL,
      seen_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    );
    CREATE INDEX session_by_account ON session (account_id);
    CREATE TABLE api_token (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      account_id bigint NOT NULL REFERENCES account,
      label text NOT NULL,
      token_hash bytea NOT NULL UNIQUE,
      scopes text[] NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at timestamptz,
      revoked_at timestamptz
    );
    CREATE INDEX api_token_by_account ON api_token (account_id);

    -- What people did through the console and its API. Nothing is changed or taken out.
    CREATE TABLE audit (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL,
      account_id bigint REFERENCES account,
      actor text NOT NULL,
      role text,
      action text NOT NULL,
      object text NOT NULL,
      detail jsonb NOT NULL
    );
    CREATE INDEX audit_by_object ON audit (object, id);
    CREATE INDEX audit_by_actor ON audit (actor, id);
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION '% is only added to', TG_TABLE_NAME; END $$;
    CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- Requests that bore an Idempotency-Key, and what they were answered with.
    CREATE TABLE answered_request (
      account_id bigint NOT NULL REFERENCES account,
      key text NOT NULL,
      request_hash bytea NOT NULL,
      answer jsonb,
      at timestamptz NOT NULL,
      PRIMARY KEY (account_id, key)
    );
    CREATE INDEX answered_request_by_time ON answered_request (at);
    -- What ended since yesterday, without reading what ended before.
    CREATE INDEX obligation_met ON obligation USING brin (met_at);
    CREATE INDEX obligation_dropped ON obligation (coalesce(cancelled_at, exempted_at))
      WHERE met_at IS NULL AND coalesce(cancelled_at, exempted_at) IS NOT NULL;
    CREATE INDEX obligation_by_owner_running ON obligation (owner_code, due_at)
      WHERE met_at IS NULL AND cancelled_at IS NULL AND exempted_at IS NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX obligation_by_owner_running, obligation_met, obligation_dropped;
    DROP TABLE answered_request, audit, api_token, session, account, unit;
    DROP FUNCTION refuse_change();
    DROP FUNCTION units_below(text);
  `);
}
