import {
  databaseConnectorSchema,
  type DatabaseConnectorConfig,
  type DatabaseStreamConfig,
  type TableListConfig,
  type TableOutboundConfig,
} from '../../settings/kinds/database.ts';
import type { ConnectorKind } from '../contract.ts';
import { TableSequence } from './sequence.ts';
import { TableList, TableSnapshots } from './snapshots.ts';
import { TableTarget } from './target.ts';
import { TableWindows } from './windows.ts';

/** Tables, views and queries of a department's database. */
export const database: ConnectorKind = {
  kind: 'database',
  spec: databaseConnectorSchema,
  capabilities: (stream) => {
    const { cursor } = stream as DatabaseStreamConfig;
    if (cursor === 'snapshot') return { by: 'batches', again: 'present' };
    return { by: sequenceOf(cursor) === null ? 'windows' : 'batches', again: 'all' };
  },
  hints: (stream) => {
    const { deletes } = stream as DatabaseStreamConfig;
    return deletes ? { deletes } : {};
  },
  open: (given, stream, options) => {
    const [connector, table] = [given as DatabaseConnectorConfig, stream as DatabaseStreamConfig];
    if (table.cursor === 'snapshot') return new TableSnapshots(connector, table, options);
    const column = sequenceOf(table.cursor);
    return column === null
      ? new TableWindows(connector, table, options)
      : new TableSequence(connector, table, column, options);
  },
  openList: (connector, { key, config }, options) => {
    const list = { ...(config as TableListConfig), cursor: 'snapshot', record: { key }, timeFormat: 'native' } as const;
    return new TableList(connector as DatabaseConnectorConfig, list, options);
  },
  openTarget: (connector, target) =>
    new TableTarget(connector as DatabaseConnectorConfig, target as TableOutboundConfig),
};

/** The column whose numbers make the batches; null where rows are asked for by time. */
const sequenceOf = (cursor: DatabaseStreamConfig['cursor']): string | null =>
  typeof cursor === 'object' && cursor.within === undefined ? cursor.sequence : null;
