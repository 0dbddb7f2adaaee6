import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageName } from '../../../domain/sharing/archive.ts';
import { workArchives } from '../../../server/background/archives.ts';
import { createHubLogger } from '../../../settings/logger.ts';
import { loadConfig, type HubConfig } from '../../../settings/load.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { FolderPlace, FolderStore } from '../../../store/library/files/folder.ts';
import { listPackages, listRemovals } from '../../../store/sharing/archives/packages.ts';
import { openReceiptSigner } from '../../../store/sharing/receipt-signing.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { CONFIG } from '../../support/departments.ts';
import { certificateInUse, OTHER_USER, signAll, use, USER } from './uses.ts';

describe('what the server does with the log of uses by night', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-monthly-'));
  const files = new FolderStore(join(folder, 'files'));
  const signer = openReceiptSigner(folder);
  const place = new FolderPlace(join(folder, 'archives'));
  let database: TestDatabase;
  let used: Awaited<ReturnType<typeof certificateInUse>>;
  let config: HubConfig;
  before(async () => {
    database = await createDatabase();
    config = loadConfig({ folder: CONFIG, demo: false });
    const { db } = database;
    used = await certificateInUse(db, files, new Date('2026-08-01T00:00:00+08:00'));
    for (const month of ['08', '10', '11']) await use(db, used, new Date(`2026-${month}-20T10:00:00+08:00`));
    await use(db, used, new Date('2026-10-31T23:59:59+08:00'), { unit: OTHER_USER });
    await signAll(db, signer, new Date('2026-11-21T00:00:00+08:00'));
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const night = (now: string, stopped = new AbortController().signal) =>
    workArchives(
      {
        db: database.db,
        place,
        files,
        signer,
        config: () => config,
        logger: createHubLogger({ level: 'error', format: 'json' }, 'test'),
        now: () => new Date(now),
      },
      stopped,
    );
  const archived = async () =>
    (await listPackages(database.db, null))
      .map(({ verifiedAt, ...period }) => `${packageName(period)} ${verifiedAt?.getTime()}`)
      .reverse();

  it('archives each month that is over, of each unit, once', async () => {
    const first = '2026-11-02T02:20:00+08:00';
    await night(first);
    const whole = [
      `${USER.code}_2026-08-01_2026-08-31 ${Date.parse(first)}`,
      `${USER.code}_2026-10-01_2026-10-31 ${Date.parse(first)}`,
      `${OTHER_USER.code}_2026-10-01_2026-10-31 ${Date.parse(first)}`,
    ];
    assert.deepEqual(await archived(), whole);
    await night('2026-11-03T02:20:00+08:00');
    assert.deepEqual(await archived(), whole, 'not made again');
    await night('2026-12-01T02:20:00+08:00');
    assert.deepEqual((await archived()).length, 4);
  });

  it('keeps the log for ever, or as long as the configuration says, and removes what is archived', async () => {
    assert.deepEqual(await listRemovals(database.db, { unitCode: null }), []);
    config = {
      ...config,
      settings: { ...config.settings, sharing: { ...config.settings.sharing, keepUses: 60 * DAY_MS } },
    };
    await night('2026-12-02T02:20:00+08:00');
    const days = async () => (await listRemovals(database.db, { unitCode: null })).map(({ day }) => day);
    assert.deepEqual(await days(), ['2026-08-20']);
    await night('2026-12-31T02:20:00+08:00');
    assert.deepEqual(await days(), ['2026-10-31', '2026-10-20', '2026-08-20']);
    assert.equal((await archived()).length, 4, 'what was removed is no reason to archive it again');
  });

  it('leaves off when the server stops, and goes on the next night', async () => {
    await use(database.db, used, new Date('2026-12-20T10:00:00+08:00'));
    await signAll(database.db, signer, new Date('2026-12-21T00:00:00+08:00'));
    await assert.rejects(night('2027-01-01T02:20:00+08:00', AbortSignal.abort()));
    const name = `${USER.code}_2026-12-01_2026-12-31`;
    assert.ok(!existsSync(join(place.shown, name, 'signature.json')));
    await night('2027-01-02T02:20:00+08:00');
    assert.ok(existsSync(join(place.shown, name, 'signature.json')));
  });
});
