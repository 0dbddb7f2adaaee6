import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { servedDuties } from '../../../domain/ledger/served.ts';
import { endEvidence, evidenceOnFile, fileEvidence } from '../../../store/ledger/duty-evidence.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';

const WHO = { by: '李处长', at: at('2026-11-20T10:00:00') };
const UNIT = { code: '11320200MB1D55902K', name: '市大数据管理局' };

describe('evidence of duties that no deadline watches', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());

  it('is on file with its document and who filed it, until it is said to hold no longer', async () => {
    const duties = servedDuties((await enact(db, 'wuxi', at('2026-11-01'))).jurisdiction);
    const given = { duty: 'WX-19', unit: UNIT, said: '异地备份每月演练', document: '锡数据〔2026〕5号' };
    const id = await fileEvidence(db, given, duties, WHO);
    const onFile = {
      id,
      duty: 'WX-19',
      unitCode: UNIT.code,
      unit: UNIT.name,
      said: given.said,
      document: given.document,
    };
    assert.deepEqual(await evidenceOnFile(db), [{ ...onFile, ...WHO }]);
    await endEvidence(db, id, WHO);
    assert.deepEqual(await evidenceOnFile(db), []);
    await assert.rejects(endEvidence(db, id, WHO), { code: 'evidence-unknown' });
  });

  it('is for duties of the regulation that nothing else serves or shows', async () => {
    const duties = servedDuties((await enact(db, 'keqiao', at('2026-11-01'))).jurisdiction);
    for (const duty of ['KQ-12b', 'WX-19', 'KQ-99'])
      await assert.rejects(
        fileEvidence(db, { duty, unit: UNIT, said: '预案', document: '1号' }, duties, WHO),
        { code: 'evidence-unasked' },
        duty,
      );
    assert.ok((await fileEvidence(db, { duty: 'KQ-15', unit: UNIT, said: '预案', document: '1号' }, duties, WHO)) > 0);
  });
});
