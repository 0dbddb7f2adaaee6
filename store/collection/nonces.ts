import type { Knex } from 'knex';

/** Takes the nonce of a signed request of a connector; false where it was taken before. It is kept until the signature ends. */
export async function claimNonce(
  db: Knex,
  { connector, nonce, until }: { connector: string; nonce: string; until: Date },
  at: Date,
): Promise<boolean> {
  await db('inbox_nonce').where('until', '<', at).delete();
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `INSERT INTO inbox_nonce (connector, nonce, until) VALUES (:connector, :nonce, :until) ON CONFLICT DO NOTHING`,
    { connector, nonce, until },
  );
  return rowCount > 0;
}
