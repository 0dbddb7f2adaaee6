import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DeclarationView } from '../../server/api/collection/declarations.ts';
import { listTasks } from '../../store/ledger/tasks.ts';
import { EVERY_STATE } from '../../domain/ledger/duties.ts';
import { ApiHub, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const HOUSING = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const MARKET = { code: '11320200MB1912388T', name: '市市场监督管理局' };
const PERMITS = 'housing-permits';
const REVIEWED = { stream: PERMITS, kind: 'reviewed', said: '签发前逐件审核', document: '锡住建〔2026〕8号' };

describe('declarations of streams through the API', () => {
  let hub: ApiHub;
  let management: Caller;
  let issuer: Caller;
  let stranger: Caller;
  before(async () => {
    hub = await ApiHub.open(NOW, 'wuxi');
    management = await hub.signedIn('management');
    issuer = await hub.signedIn('issuer', HOUSING);
    stranger = await hub.signedIn('issuer', MARKET, 'stranger');
  });
  after(() => hub.close());

  const list = async (caller: Caller) =>
    (await caller.get<{ items: DeclarationView[]; kinds: string[] }>('/declarations')).body;
  const declare = (caller: Caller, change: object = {}) =>
    caller.send<{ id: number; code: string }>('POST', '/declarations', { ...REVIEWED, ...change });
  const end = (caller: Caller, id: number) => caller.send('POST', `/declarations/${id}/end`);

  it('can be of what the regulation knows alone', async () => {
    assert.deepEqual(await list(management), { items: [], kinds: ['reviewed'] });
    const { status, body } = await declare(issuer, { kind: 'unsynchronisable' });
    assert.deepEqual([status, body.code], [409, 'exception-none']);
  });

  it('are filed by the unit whose stream it is, seen by it and the management unit, and stand once', async () => {
    assert.equal((await declare(stranger)).status, 404);
    assert.equal((await declare(issuer, { stream: 'nothing' })).status, 404);
    const { status, body } = await declare(issuer);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([(await declare(management)).status, (await list(stranger)).items], [409, []]);
    for (const caller of [issuer, management])
      assert.deepEqual(
        (await list(caller)).items.map(({ stream, kind, document, by, article }) => [
          stream,
          kind,
          document,
          by,
          article,
        ]),
        [[PERMITS, 'reviewed', REVIEWED.document, 'issuer 某', null]],
      );
    const audited = await hub.database.db('audit').where({ action: 'streams:declare' }).pluck<string[]>('object');
    assert.deepEqual(audited, [`declaration/${body.id}`]);
  });

  it('are ended by those whose they are; what they freed of is owed again', async () => {
    const id = (await list(issuer)).items[0]?.id ?? 0;
    assert.equal((await end(stranger, id)).status, 404);
    assert.equal((await end(management, id)).status, 200);
    assert.equal((await end(management, id)).status, 404);
    assert.deepEqual((await list(management)).items, []);
    const tasks = await listTasks(hub.database.db, new Date(NOW), { states: EVERY_STATE, limit: 1_000 });
    const own = tasks.filter(({ subject }) => subject.startsWith(`review/${PERMITS}`));
    assert.deepEqual(
      own.map(({ state }) => state),
      ['no calendar'],
      'it runs, without a term',
    );
  });
});
