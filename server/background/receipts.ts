import type { Knex } from 'knex';
import { messageOf } from '../../domain/errors.ts';
import type { Logger } from '../../settings/logger.ts';
import type { ReceiptSigner } from '../../store/sharing/receipt-signing.ts';
import { keepKeys, signBatch } from '../../store/sharing/receipts.ts';
import { startRepeated } from './repeated.ts';

interface ReceiptOptions {
  db: Knex;
  now: () => Date;
  logger: Logger;
  signer: ReceiptSigner;
}

/** Signs the receipts of uses, every second those that wait. Returns what ends it. */
export function startReceipts({ db, now, logger, signer }: ReceiptOptions): () => Promise<void> {
  let known = false;
  const work = async (): Promise<void> => {
    if (!known) await keepKeys(db, signer.keys, now());
    known = true;
    await signBatch(db, signer.sign, now());
  };
  return startRepeated({ name: 'receipts', at: '* * * * * *' }, work, (error) => {
    logger.error('receipts cannot be signed', { error: (error as { code?: string }).code ?? messageOf(error) });
  });
}
