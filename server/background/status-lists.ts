import type { Knex } from 'knex';
import { messageOf } from '../../domain/errors.ts';
import { listClaims, STATUS_VALUES } from '../../domain/sharing/status-list.ts';
import type { HubConfig } from '../../settings/load.ts';
import type { Logger } from '../../settings/logger.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import { recordsOfCertificates } from '../../store/library/certificates.ts';
import type { ReceiptSigner } from '../../store/sharing/receipt-signing.ts';
import { changedStates, keepStates, makeList } from '../../store/sharing/status-lists.ts';
import { sharedOf } from '../api/sharing/share.ts';
import { statusListUri } from '../api/sharing/status-lists.ts';
import { startRepeated } from './repeated.ts';

interface StatusListOptions {
  db: Knex;
  now: () => Date;
  logger: Logger;
  signer: ReceiptSigner;
  config: () => HubConfig;
}

/** Has the lists of states be those of now: what came in is looked at, and lists that changed are made anew. */
export async function renewStatusLists({ db, now, signer, config }: Omit<StatusListOptions, 'logger'>): Promise<void> {
  for (let changed = await changedStates(db); changed.length > 0; changed = await changedStates(db)) {
    const named = [...new Map(changed.map((each) => [nameOf(each), each])).values()];
    const shared = await sharedOf(db, await recordsOfCertificates(db, named), await approvedCatalog(db));
    const states = new Map(shared.map(({ certificate, state }) => [nameOf(certificate), state]));
    // What its sources deleted is in force no more.
    const kept = named.map((each) => ({ ...each, value: STATUS_VALUES[states.get(nameOf(each)) ?? 'ended'] }));
    await keepStates(db, kept, changed);
  }
  const at = now();
  const sign = (id: number, list: Buffer) =>
    signer.signJson('statuslist+jwt', listClaims(statusListUri(config(), id), list, at.getTime()));
  while (await makeList(db, sign, at));
}

const nameOf = ({ typeCode, number }: { typeCode: string; number: string }): string => `${typeCode} ${number}`;

/** Renews the lists every few seconds. Returns what ends it. */
export function startStatusLists({ logger, ...options }: StatusListOptions): () => Promise<void> {
  const work = (): Promise<void> => renewStatusLists(options);
  return startRepeated({ name: 'status-lists', at: '*/5 * * * * *' }, work, (error) => {
    logger.error('status lists cannot be made', { error: (error as { code?: string }).code ?? messageOf(error) });
  });
}
