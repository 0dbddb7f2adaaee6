import type { Knex } from 'knex';
import type { Streams } from '../connectors/registry.ts';
import type { Clock } from '../store/ledger/clock.ts';
import type { FileStore } from '../store/library/files/contract.ts';
import type { Trust } from '../store/library/files/seals/trust.ts';

/** What activities work with. */
export interface Dependencies {
  db: Knex;
  /** The streams of the configuration as it is now. */
  streams: () => Streams;
  /** Now; tests put a clock of their own here. */
  now: Clock['now'];
}

/** What sending needs beside that. */
export interface SendingDependencies extends Dependencies {
  aheadMs: Clock['aheadMs'];
}

/** What cases need beside that. */
export interface CaseDependencies extends Dependencies {
  /** The outbound target by which objectors are told; null where people tell them. */
  disputeTarget: () => string | null;
}

/** What fetching files needs beside that. */
export interface FileDependencies extends Dependencies {
  /** Where the files of certificates are kept. */
  files: FileStore;
  /** Who may seal such files, as it is now. */
  trust: () => Trust;
}
