import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { HubError } from '../../../domain/errors.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { packageName } from '../../../domain/sharing/archive.ts';
import { leafOf, rootBy } from '../../../domain/sharing/receipt.ts';
import { FolderPlace, FolderStore } from '../../../store/library/files/folder.ts';
import { makePackage } from '../../../store/sharing/archives/make.ts';
import { claimPackage, listPackages, listRemovals, noteVerified } from '../../../store/sharing/archives/packages.ts';
import { removePast } from '../../../store/sharing/archives/remove.ts';
import { verifyPackage } from '../../../store/sharing/archives/verify.ts';
import { logBegan } from '../../../store/sharing/holders.ts';
import { openReceiptSigner } from '../../../store/sharing/receipt-signing.ts';
import { findReceipt } from '../../../store/sharing/receipts.ts';
import { forgetCodes, noteUse } from '../../../store/sharing/uses.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateInUse, OTHER_USER, signAll, use, USER } from './uses.ts';

const NOW = new Date('2026-12-01T09:00:00+08:00');
const KEEP_MS = 31 * DAY_MS;
const OCTOBER = { unitCode: USER.code, from: '2026-10-01', to: '2026-10-30' };

describe('uses that are past their time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-removal-'));
  const files = new FolderStore(join(folder, 'files'));
  const signer = openReceiptSigner(join(folder, 'keys'));
  const place = new FolderPlace(join(folder, 'archives'));
  let database: TestDatabase;
  let used: Awaited<ReturnType<typeof certificateInUse>>;
  const receipts: Record<'own' | 'other' | 'later', string> = { own: '', other: '', later: '' };

  before(async () => {
    database = await createDatabase();
    const { db } = database;
    used = await certificateInUse(db, files, new Date('2026-09-01T00:00:00+08:00'));
    const at = new Date('2026-10-20T10:00:00+08:00');
    receipts.own = await use(db, used, at);
    receipts.other = await use(db, used, at, { unit: OTHER_USER });
    await signAll(db, signer, at);
    await use(db, used, new Date('2026-10-21T10:00:00+08:00'));
    await signAll(db, signer, NOW);
    receipts.later = await use(db, used, new Date('2026-11-20T10:00:00+08:00'));
    await signAll(db, signer, NOW);
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const make = (period = OCTOBER) =>
    makePackage(
      { db: database.db, place, files, signer, managementName: '局', now: () => NOW, progress: () => undefined },
      period,
    );
  const remove = () => Array.fromAsync(removePast(database.db, place, KEEP_MS, () => NOW));
  const uses = async (unit = USER.code) =>
    (await database.db('certificate_use').where({ unit_code: unit }).count<{ count: number }[]>())[0]?.count;
  /** Where the proof of a receipt leads, and where it ought to. */
  const proven = async (receipt: string) => {
    const found = await findReceipt(database.db, receipt);
    const { path = [], batch } = found?.proof ?? {};
    return [found && rootBy(leafOf(found.text), path).toString('hex'), batch?.root.toString('hex')];
  };

  it('are removed by nobody without a trace that tells the truth', async () => {
    const { db } = database;
    const refused = async (work: Promise<unknown>, why = /only added to/): Promise<void> => assert.rejects(work, why);
    await refused(db('certificate_use').where({ receipt: receipts.own }).delete());
    await refused(db('used_certificate').delete());
    await refused(db.raw('TRUNCATE certificate_use CASCADE'));
    const trace = { unit_code: USER.code, day: '2026-10-20', uses: 1, leaves: Buffer.alloc(32), removed_at: NOW };
    const { id } = await claimPackage(db, OCTOBER);
    const lied = db('use_removal').insert({ ...trace, package_id: id, archive: Buffer.alloc(32) });
    await refused(lied, /not all in an archive that was verified/);
  });

  it('stay as long as they are not archived, or the archive was not checked', async () => {
    assert.deepEqual(await remove(), []);
    await make();
    assert.deepEqual(await remove(), []);
    assert.equal(await uses(), 3);
  });

  it('stay where the archive is damaged, or lacks one of them', async () => {
    const known = await claimPackage(database.db, OCTOBER);
    await noteVerified(database.db, known.id, NOW);
    const readme = join(place.shown, packageName(OCTOBER), 'README.txt');
    appendFileSync(readme, 'x');
    const name = packageName(OCTOBER);
    assert.deepEqual(await remove(), [{ name, uses: 0, damage: { kind: 'altered', entry: 'README.txt' } }]);
    assert.equal((await listPackages(database.db, USER.code))[0]?.verifiedAt, null);
    assert.deepEqual(await remove(), [], 'until somebody has it found whole');
    rmSync(join(place.shown, name), { recursive: true });
    await make();
    await noteVerified(database.db, known.id, NOW);
    const late = { ...used, grantId: used.grantId };
    await use(database.db, late, new Date('2026-10-21T11:00:00+08:00'));
    await signAll(database.db, signer, NOW);
    assert.deepEqual(await remove(), [
      { name, uses: 1, damage: { kind: 'altered', entry: 'data/2026-10-21/uses.jsonl' } },
    ]);
    assert.equal(await uses(), 3, 'of the 21st both');
  });

  it('leave a trace, and the log says since when it has all', async () => {
    const [removal, ...others] = await listRemovals(database.db, { unitCode: USER.code });
    assert.deepEqual(others, []);
    const { digest } = await verifyPackage(place, packageName(OCTOBER));
    assert.deepEqual(
      [removal?.day, removal?.uses, removal?.archive.toString('hex'), removal?.from, removal?.to],
      ['2026-10-20', 1, digest, OCTOBER.from, OCTOBER.to],
    );
    assert.equal((await logBegan(database.db))?.toISOString(), '2026-10-20T16:00:00.000Z');
    await assert.rejects(database.db('use_removal').delete());
    await assert.rejects(make(), (error: HubError) => error.code === 'archive-removed');
  });

  it('are in no other’s way: receipts that were signed with them are proven as before, and they by their archive', async () => {
    assert.equal(await findReceipt(database.db, receipts.own), null);
    for (const receipt of [receipts.other, receipts.later]) {
      const [leads, root] = await proven(receipt);
      assert.ok(root);
      assert.equal(leads, root);
    }
    assert.equal((await database.db('removed_leaf').select()).length, 1);
    // Once nothing of the batch is left, nothing needs them.
    const other = { ...OCTOBER, unitCode: OTHER_USER.code };
    await make(other);
    await noteVerified(database.db, (await claimPackage(database.db, other)).id, NOW);
    assert.deepEqual((await remove()).at(-1), { name: packageName(other), uses: 1, damage: null });
    assert.equal(await uses(OTHER_USER.code), 0);
    assert.deepEqual(await database.db('removed_leaf').select(), []);
  });

  it('cannot be removed in the shadow of a trace that is there', async () => {
    const { db } = database;
    await use(db, used, new Date('2026-10-20T23:00:00+08:00'));
    await assert.rejects(db('certificate_use').where('at', '<', '2026-10-21T00:00:00+08:00').delete());
  });

  it('codes that are past their time are forgotten', async () => {
    const { db } = database;
    const context = {
      unit: USER,
      accountId: null,
      client: 'c',
      operator: null,
      address: '',
      matter: '',
      scenario: '',
      business: '',
      reason: '',
    };
    const { stream, key, contentHash } = used.certificate;
    const found = {
      context,
      act: 'find' as const,
      outcome: 'answered' as const,
      refusal: null,
      grantId: null,
      typeCode: 'T1',
      holder: null,
      answer: '',
      certificates: [{ stream: stream.name, key, contentHash }],
    };
    for (const [receipt, at] of [
      ['10000000-0000-4000-8000-000000000001', '2026-10-31T10:00:00+08:00'],
      ['10000000-0000-4000-8000-000000000002', '2026-11-20T10:00:00+08:00'],
    ] as const)
      await db.transaction((trx) => noteUse(trx, receipt, found, new Date(at), [receipt]));
    assert.equal(await forgetCodes(db, NOW), 1);
    assert.equal((await db('use_code').select()).length, 1);
  });
});
