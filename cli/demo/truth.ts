import axios from 'axios';
import type { Knex } from 'knex';

/** How the library compares with what a simulated department knows to be true. */
export interface TruthReport {
  stream: string;
  equal: boolean;
  /** For people: what was compared and, when it differs, a few keys. */
  text: string;
}

type Truth = { key: string; hash: string; status: string } | { key: string; rule: string };

/**
 * Asks a department for its own truth, record by record, and compares keys, content hashes, states and the reasons of
 * rejects with the library. It does not go through anything that collected the data.
 */
export async function compareWithTruth(db: Knex, stream: string, department: string): Promise<TruthReport> {
  const { data } = await axios.get<string>(`${department}/_sim/truth`, {
    responseType: 'text',
    transformResponse: [],
    maxContentLength: -1,
  });
  const certificates = new Map<string, string>();
  const rejects = new Map<string, string>();
  for (const line of data.split('\n').filter(Boolean)) {
    const truth = JSON.parse(line) as Truth;
    if ('rule' in truth) rejects.set(truth.key, truth.rule);
    else certificates.set(truth.key, `${truth.hash} ${truth.status}`);
  }
  const held = await db.raw<{ rows: { key: string; value: string }[] }>(
    `SELECT record_key AS key, encode(content_hash, 'hex') || ' ' || status AS value
     FROM certificate WHERE stream_id = (SELECT id FROM stream WHERE name = ?)`,
    [stream],
  );
  const refused = await db.raw<{ rows: { key: string; value: string }[] }>(
    `SELECT record_key AS key, rule AS value FROM reject
     WHERE resolved_at IS NULL AND stream_id = (SELECT id FROM stream WHERE name = ?)`,
    [stream],
  );
  const wrong = [...differences(certificates, held.rows), ...differences(rejects, refused.rows)];
  const text = `${certificates.size.toLocaleString('en-US')} certificates, ${rejects.size.toLocaleString('en-US')} rejects`;
  return {
    stream,
    equal: wrong.length === 0,
    text: wrong.length === 0 ? text : `${text}; ${wrong.length} differ, for example ${wrong.slice(0, 3).join('; ')}`,
  };
}

function differences(
  expected: ReadonlyMap<string, string>,
  found: readonly { key: string; value: string }[],
): string[] {
  const wrong: string[] = [];
  const rest = new Map(expected);
  for (const { key, value } of found) {
    const wanted = rest.get(key);
    if (wanted === undefined) wrong.push(`${key} is too much`);
    else if (wanted !== value) wrong.push(`${key} is ${value}, should be ${wanted}`);
    rest.delete(key);
  }
  return [...wrong, ...[...rest.keys()].map((key) => `${key} is missing`)];
}
