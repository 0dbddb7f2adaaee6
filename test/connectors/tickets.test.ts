import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import type { ConnectorConfig } from '../../settings/schemas/connector.ts';
import { databaseConnectorSchema } from '../../settings/kinds/database.ts';
import { readWhole } from '../../connectors/lists/catalog.ts';
import { readTickets } from '../../connectors/lists/tickets.ts';
import { Streams } from '../../connectors/registry.ts';
import { HubError } from '../../domain/errors.ts';
import { faultInWords } from '../../domain/faults.ts';
import { demoConfig } from '../support/departments.ts';

describe('tickets of a database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickets-'));
  after(() => rmSync(folder, { recursive: true }));

  it('are read whole, those without a number included', async () => {
    const file = join(folder, 'hotline.db');
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE tickets (id TEXT, cert TEXT, said TEXT, at TEXT)');
    const insert = db.prepare('INSERT INTO tickets VALUES (?, ?, ?, ?)');
    for (let index = 1; index <= 25; index++) insert.run(`T${index}`, 'A-1', '有误', '2026-03-02 09:00:00');
    insert.run(null, 'A-2', '有误', '2026-03-02 09:00:00');
    db.close();
    const connector = databaseConnectorSchema.parse({
      name: '热线',
      unit: '113200000140001322',
      kind: 'database',
      address: `sqlite:${file}`,
      disputes: {
        table: 'tickets',
        page: { size: 10 },
        fields: { ticket: 'id', number: 'cert', statement: 'said', raisedAt: 'at' },
      },
    });
    const config = { ...demoConfig(), connectors: [{ ...connector, id: 'hotline' } as ConnectorConfig] };
    const streams = new Streams(config);
    try {
      const { source, config: disputes } = streams.disputes('hotline');
      const records = await readWhole(source, new AbortController().signal);
      const { tickets, faults } = readTickets(records, disputes);
      assert.equal(new Set(tickets.map(({ ticket }) => ticket)).size, 25);
      assert.deepEqual(
        faults.map(({ numbered, reason }) => [numbered, faultInWords(reason).en]),
        [[false, 'ticket: found nothing, expected a string']],
      );
      assert.throws(
        () => streams.disputes('elsewhere'),
        (error) => error instanceof HubError && error.code === 'disputes-unknown',
      );
    } finally {
      await streams.close();
    }
  });
});
