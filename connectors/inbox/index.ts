import { resolveReference } from '../../settings/environment.ts';
import { inboxConnectorSchema, type InboxConnectorConfig } from '../../settings/kinds/inbox.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import type { BatchSource, CheckReport, ConnectorKind, NextBatch, Page } from '../contract.ts';

/**
 * Departments push their records: the server takes them (server/inbox/) and answers after the commit. There is
 * nothing to ask; a day is proven by the department's own closing count, which it pushes as well.
 */
export const inbox: ConnectorKind = {
  kind: 'inbox',
  spec: inboxConnectorSchema,
  capabilities: () => ({ by: 'batches', again: 'none', pushed: true }),
  open: (connector) => new InboxSource(connector as InboxConnectorConfig),
};

class InboxSource implements BatchSource {
  readonly by = 'batches';
  readonly sequential = true;
  readonly #connector: InboxConnectorConfig;

  constructor(connector: InboxConnectorConfig) {
    this.#connector = connector;
  }

  count(): Promise<number> {
    return Promise.reject(notAsked());
  }

  // eslint-disable-next-line require-yield
  async *read(): AsyncIterable<Page> /* oxlint-disable-line typescript/require-await */ {
    throw notAsked();
  }

  nextBatch(): Promise<NextBatch> {
    return Promise.resolve({ batch: null, proven: [] });
  }

  /** The department has its answer already. */
  acknowledge(): Promise<void> {
    return Promise.resolve();
  }

  // oxlint-disable-next-line typescript/require-await -- what it throws must be a rejection
  async check(): Promise<CheckReport> {
    const { id, token, signature } = this.#connector;
    resolveReference(token, `${id}: token`);
    if (signature) resolveReference(signature.secret, `${id}: signature.secret`);
    const notes = ['the department pushes: there is nothing to ask; ./hub connector status shows what arrived'];
    return { records: 0, count: 0, clockSkewMs: 0, notes };
  }

  sample(): Promise<unknown[]> {
    return Promise.resolve([]);
  }

  explain(): Said[] {
    return [
      {
        zh: '等待单位把数据推送到 /inbox/v1/{stream}',
        en: 'waits for the department to push its records to /inbox/v1/{stream}',
      },
      {
        zh: '数据入库后才答复，逐条说明结果',
        en: 'answers each request after its records are committed, with the outcome of each record',
      },
      {
        zh: '不合格的数据在 /inbox/v1/{stream}/rejects 供取回，直到更正后的版本入库',
        en: 'hands what was rejected out at /inbox/v1/{stream}/rejects until a corrected version is in',
      },
      {
        zh: 'Idempotency-Key 相同的请求视为同一请求',
        en: 'takes a request with an Idempotency-Key that it knows as the same one',
      },
      {
        zh: '单位以推送条数关账后，当天即算已证实',
        en: 'counts a day as proven when the department has closed it with the number of records that it pushed',
      },
    ];
  }
}

const notAsked = (): Error => fault('not-asked');
