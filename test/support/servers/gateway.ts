import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpConnectorSchema } from '../../../settings/kinds/http.ts';
import type { ConnectorConfig } from '../../../settings/schemas/connector.ts';

/** Type of the certificates that {@link permit} makes. */
export const PERMIT_TYPE = '11100000000013338W099';

/** A record of a department, sound in everything but its time, as far as that is none. */
export const permit = (id: string, gxsj: unknown, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  gxsj,
  ZZMC: '公园占用许可证',
  ZZLXDM: PERMIT_TYPE,
  ZZBH: `锡园${id}号`,
  ZZBFRQ: '2026-11-20',
  CZZT: '无锡甲公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
  ...more,
});

type Matches = (record: Record<string, unknown>, from: string, to: string) => boolean;

/** As a source should hold it: the beginning of a window is in it, its end is not. */
export const inWindow: Matches = ({ gxsj }, from, to) => typeof gxsj === 'string' && gxsj >= from && gxsj < to;

/** A gateway that answers for windows of time, and in what it can be wrong. */
export class PermitGateway {
  records: Record<string, unknown>[] = [];
  /** Which records it holds to be of a window. */
  matches = inWindow;
  /** Most records that it admits to have in one window. */
  cap = Infinity;
  /** The order of a page’s records; another one for each page where that is not stable. */
  order: (records: Record<string, unknown>[], page: number) => Record<string, unknown>[] = (records) => records;
  /** What stands in the answer beside the list and its total. */
  envelope: Record<string, unknown> = {};
  asked = 0;
  readonly #server = createServer((request, response) => {
    this.asked += 1;
    const { searchParams } = new URL(request.url ?? '/', 'http://gateway');
    response.end(JSON.stringify(this.#answer(searchParams)));
  });

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(asked: URLSearchParams): unknown {
    const [from, to] = [asked.get('from'), asked.get('to')];
    if (from === null || to === null) return { ...this.envelope, total: this.records.length };
    const found = this.records.filter((record) => this.matches(record, from, to)).slice(0, this.cap);
    const [page, size] = [Number(asked.get('page')), Number(asked.get('size'))];
    const list = this.order(found, page).slice((page - 1) * size, page * size);
    return { ...this.envelope, total: found.length, list };
  }

  /** A connector with one stream that reads it. */
  connector(id: string, stream: Record<string, unknown> = {}): ConnectorConfig {
    const parsed = httpConnectorSchema.parse({
      name: '市公园管理局',
      unit: '11320200014006438B',
      kind: 'http',
      baseUrl: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      streams: [
        {
          id,
          path: '/list?from={from}&to={to}&page={page}&size={size}',
          lag: '1s',
          response: { records: 'list', total: 'total' },
          record: { key: 'id', updatedAt: 'gxsj' },
          status: {},
          ...stream,
        },
      ],
    });
    return { ...parsed, id };
  }
}
