import cron from 'node-cron';
import type { Knex } from 'knex';
import { messageOf } from '../../domain/errors.ts';
import type { Logger } from '../../settings/logger.ts';
import type { ReceiptSigner } from '../../store/sharing/receipt-signing.ts';
import { keepKeys, signBatch } from '../../store/sharing/receipts.ts';

interface ReceiptOptions {
  db: Knex;
  now: () => Date;
  logger: Logger;
  signer: ReceiptSigner;
}

/** Signs the receipts of uses, every second those that wait. Returns what ends it. */
export function startReceipts({ db, now, logger, signer }: ReceiptOptions): () => Promise<void> {
  let running = Promise.resolve();
  let known = false;
  const work = async (): Promise<void> => {
    if (!known) await keepKeys(db, signer.keys, now());
    known = true;
    await signBatch(db, signer.sign, now());
  };
  const task = cron.schedule(
    '* * * * * *',
    () => {
      running = work().catch((error: unknown) => {
        logger.error('receipts cannot be signed', { error: (error as { code?: string }).code ?? messageOf(error) });
      });
      return running;
    },
    { noOverlap: true, name: 'receipts' },
  );
  return async () => {
    await task.destroy();
    await running;
  };
}
