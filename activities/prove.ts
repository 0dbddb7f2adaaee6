import { cancellationSignal } from '@temporalio/activity';
import { FROM_THE_START } from '../connectors/contract.ts';
import { shanghaiInstant } from '../domain/dates.ts';
import { describeWindow, type TimeWindow } from '../domain/window.ts';
import { approvedCatalog } from '../store/catalog.ts';
import * as proofs from '../store/proofs.ts';
import { getStream } from '../store/streams.ts';
import type { Dependencies } from './dependencies.ts';

/** What a proof of one window found; the keys themselves are in the database. */
export interface WindowProof {
  proofId: number;
  records: number;
  differences: number;
}

/** Source against library, record by record. */
export function createProveActivities({ db, streams, now }: Dependencies) {
  return {
    /**
     * Lists a window of the source as the mapping understands it now and compares keys and contents with the library,
     * so that equal counts with unequal content are found as well. Writes nothing into the library.
     */
    async proveWindow(input: { stream: string; window: TimeWindow }): Promise<WindowProof> {
      const { source, map } = streams().get(input.stream);
      const { id } = await getStream(db, input.stream);
      const proofId = await proofs.startProof(db, id, input.window, now());
      const context = { readAt: shanghaiInstant(now().getTime()), catalog: await approvedCatalog(db) };
      for await (const page of source.read(input.window, FROM_THE_START, cancellationSignal())) {
        const { rows, rejected, deleted } = map(page, context);
        await proofs.listPage(db, proofId, { rows: rows.toJson(), rejected, deleted });
      }
      const proof = await proofs.finishProof(db, proofId, id, input.window, now());
      return { proofId, records: proof.sourceRecords, differences: proofs.differences(proof) };
    },

    /** Makes what a proof found a task of the unit that answers for the source, or closes the tasks of its window. */
    async settleProof(input: { stream: string; window: TimeWindow; proofId: number }): Promise<void> {
      const stream = await getStream(db, input.stream);
      const [proof] = await proofs.findProofs(db, [input.proofId]);
      if (!proof) throw new Error(`there is no proof ${String(input.proofId)}`);
      await proofs.settleProof(db, stream, describeWindow(input.window), input.window, proof, now());
    },
  };
}
