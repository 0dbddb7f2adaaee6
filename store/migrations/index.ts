import type { Knex } from 'knex';
import * as library from './0001-library.ts';
import * as casework from './0002-casework.ts';
import * as catalog from './0003-catalog.ts';
import * as proof from './0004-proof.ts';
import * as lookup from './0005-lookup.ts';
import * as deletions from './0006-deletions.ts';
import * as stock from './0007-stock.ts';
import * as files from './0008-files.ts';
import * as quality from './0009-quality.ts';
import * as catalogSync from './0010-catalog-sync.ts';
import * as deadlines from './0011-deadlines.ts';
import * as cases from './0012-cases.ts';
import * as pushes from './0013-pushes.ts';
import * as reminders from './0014-reminders.ts';
import * as supervision from './0015-supervision.ts';
import * as hotline from './0016-hotline.ts';
import * as console from './0017-console.ts';
import * as exports from './0018-exports.ts';
import * as views from './0019-views.ts';
import * as pauseCodes from './0020-pause-codes.ts';
import * as alerts from './0021-alerts.ts';
import * as signInFailures from './0022-sign-in-failures.ts';
import * as ledger from './0023-ledger.ts';
import * as days from './0024-days.ts';
import * as seals from './0025-seals.ts';
import * as receipts from './0026-receipts.ts';
import * as calendars from './0027-calendars.ts';
import * as sanctions from './0028-sanctions.ts';
import * as terms from './0029-terms.ts';
import * as forceMajeure from './0030-force-majeure.ts';
import * as figures from './0031-figures.ts';
import * as marks from './0032-marks.ts';
import * as watched from './0033-watched.ts';
import * as catalogKinds from './0034-catalog.ts';
import * as doors from './0036-doors.ts';
import * as distinctKeys from './0038-distinct-keys.ts';
import * as templates from './0040-templates.ts';
import * as credentials from './0041-credentials.ts';
import * as watch from './0042-watch.ts';
import * as clocks from './0043-clocks.ts';
import * as lost from './0044-lost.ts';
import * as settingsVersions from './0045-settings-versions.ts';
import * as sharing from './0050-sharing.ts';
import * as holders from './0051-holders.ts';
import * as authorisations from './0052-authorisations.ts';
import * as dutyEvidence from './0053-duty-evidence.ts';
import * as askedWindows from './0056-asked-windows.ts';
import * as copies from './0058-copies.ts';
import * as statusLists from './0059-status-lists.ts';
import * as archives from './0060-archives.ts';

/** What brings a database to this version of the hub, in its order. */
export const MIGRATIONS: ReadonlyMap<string, Knex.Migration> = new Map<string, Knex.Migration>([
  ['0001-library', library],
  ['0002-casework', casework],
  ['0003-catalog', catalog],
  ['0004-proof', proof],
  ['0005-lookup', lookup],
  ['0006-deletions', deletions],
  ['0007-stock', stock],
  ['0008-files', files],
  ['0009-quality', quality],
  ['0010-catalog-sync', catalogSync],
  ['0011-deadlines', deadlines],
  ['0012-cases', cases],
  ['0013-pushes', pushes],
  ['0014-reminders', reminders],
  ['0015-supervision', supervision],
  ['0016-hotline', hotline],
  ['0017-console', console],
  ['0018-exports', exports],
  ['0019-views', views],
  ['0020-pause-codes', pauseCodes],
  ['0021-alerts', alerts],
  ['0022-sign-in-failures', signInFailures],
  ['0023-ledger', ledger],
  ['0024-days', days],
  ['0025-seals', seals],
  ['0026-receipts', receipts],
  ['0027-calendars', calendars],
  ['0028-sanctions', sanctions],
  ['0029-terms', terms],
  ['0030-force-majeure', forceMajeure],
  ['0031-figures', figures],
  ['0032-marks', marks],
  ['0033-watched', watched],
  ['0034-catalog', catalogKinds],
  ['0036-doors', doors],
  ['0038-distinct-keys', distinctKeys],
  ['0040-templates', templates],
  ['0041-credentials', credentials],
  ['0042-watch', watch],
  ['0043-clocks', clocks],
  ['0044-lost', lost],
  ['0045-settings-versions', settingsVersions],
  ['0050-sharing', sharing],
  ['0051-holders', holders],
  ['0052-authorisations', authorisations],
  ['0053-duty-evidence', dutyEvidence],
  ['0056-asked-windows', askedWindows],
  ['0058-copies', copies],
  ['0059-status-lists', statusLists],
  ['0060-archives', archives],
]);
