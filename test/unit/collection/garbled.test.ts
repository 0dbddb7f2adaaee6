import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { streamSchema } from '../../../settings/kinds/stream.ts';
import { compileMapping } from '../../../connectors/mapping/compile.ts';
import { requireFewGarbled } from '../../../connectors/mapping/map-page.ts';
import { HubError } from '../../../domain/errors.ts';

const stream = (rejects: object = {}) =>
  streamSchema.parse({ id: 'parks', record: { key: 'id' }, status: {}, rejects });
const refused = (error: unknown): boolean =>
  error instanceof HubError && error.kind === 'configuration' && error.code === 'charset-wrong';

describe('a source in another character set', () => {
  it('is counted by the records whose names look so', () => {
    const sound = {
      ZZMC: '许可证',
      ZZLXDM: 'T',
      ZZBFRQ: '2026-11-20',
      CZZTDM: '91460100MA5THWMM2J',
      CZZTDMLXDM: '001',
    };
    const records = ['张三', 'ÕÅÈý', '李四', '锟斤拷'].map((CZZT, index) => ({
      ...sound,
      id: index,
      ZZBH: `N${index}`,
      CZZT,
    }));
    const { garbled, rows } = compileMapping(stream()).map(
      { records, undecodable: new Map() },
      { readAt: '2026-11-22T10:00:00+08:00' },
    );
    assert.deepEqual([garbled, rows.count], [2, 4]);
  });

  it('stops above a share, from ten records on', () => {
    requireFewGarbled(stream(), { read: 9, garbled: 9 });
    requireFewGarbled(stream(), { read: 10, garbled: 3 });
    assert.throws(() => requireFewGarbled(stream(), { read: 10, garbled: 4 }), refused);
    requireFewGarbled(stream({ garbled: 0.5 }), { read: 10, garbled: 5 });
    assert.throws(() => requireFewGarbled(stream({ garbled: 0 }), { read: 1000, garbled: 1 }), refused);
  });
});
