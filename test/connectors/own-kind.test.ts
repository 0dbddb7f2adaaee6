import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findStream, loadConfig } from '../../settings/load.ts';
import { openStream } from '../../connectors/registry.ts';
import { countOf } from '../../connectors/reading.ts';
import { CHECKS } from '../../connectors/examine/suite.ts';
import { HubError } from '../../domain/errors.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { CONFIG } from '../support/departments.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/connectors/own-kinds.md'), 'utf8');
const code = (language: string): string =>
  new RegExp(`(?<=\`\`\`${language}\n)[^]*?(?=\`\`\`)`).exec(PAGE)?.[0] ?? assert.fail(`no ${language}`);

describe('a kind of one’s own, as its page shows it', () => {
  let server: Server;
  let folder: string;
  const records = Array.from({ length: 50 }, (_, index) => ({
    id: `R${index}`,
    changed: `2026-11-20T10:${String(index).padStart(2, '0')}:00+08:00`,
  }));
  before(async () => {
    server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://archive');
      const [from, to] = [Date.parse(searchParams.get('from') ?? ''), Date.parse(searchParams.get('to') ?? '')];
      const found = records.filter(({ changed }) => Date.parse(changed) >= from && Date.parse(changed) < to);
      response.setHeader('X-Total', found.length);
      response.end(found.map((record) => JSON.stringify(record)).join('\n'));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    // Beside config/, because a kind finds the hub's own modules from where it lies.
    folder = mkdtempSync(join(ROOT, 'config-test-'));
    for (const name of ['hub.yaml', 'jurisdictions'])
      cpSync(join(CONFIG, name), join(folder, name), { recursive: true });
    mkdirSync(join(folder, 'connectors/kinds'), { recursive: true });
    writeFileSync(join(folder, 'connectors/kinds/lines.ts'), code('ts'));
    const { port } = server.address() as AddressInfo;
    writeFileSync(join(folder, 'connectors/archive.yaml'), code('yaml').replace(':8080', `:${port}`));
  });
  after(() => {
    rmSync(folder, { recursive: true });
    server.close();
  });

  it('passes the suite of all kinds', async () => {
    const config = loadConfig({ folder, demo: false });
    const { connector, stream } = findStream(config, 'archive-records');
    const open = openStream(config, connector, stream);
    const window = timeWindow(Date.parse('2026-11-20T00:00:00+08:00'), Date.parse('2026-11-21T00:00:00+08:00'));
    assert.equal(await countOf(open.source, window), records.length);
    // It reads everything as one page, so that it never comes to be stopped in the middle.
    for (const check of CHECKS) await check.run({ ...open, window });
  });

  it('has its YAML checked like that of any other', () => {
    const file = join(folder, 'connectors/archive.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('list:', 'lisst:'));
    assert.throws(
      () => loadConfig({ folder, demo: false }),
      (error) =>
        error instanceof HubError && /archive\.yaml:8:streams\[0\]\.lisst: .*did you mean “list”\?/.test(error.message),
    );
    writeFileSync(file, text);
  });

  for (const [name, what, text, found] of [
    ['empty.ts', 'exports none', 'export const nothing = 1;\n', 'found no connector'],
    ['old.ts', 'does not say how it reads', code('ts').replace(/^ *capabilities:.*\n/m, ''), 'found no capabilities'],
  ] as const) {
    it(`a file that ${what} is refused with what is expected`, () => {
      const file = join(folder, 'connectors/kinds', name);
      writeFileSync(file, text);
      assert.throws(
        () => loadConfig({ folder, demo: false }),
        (error) =>
          error instanceof HubError &&
          error.message.includes(`${name}:1:: ${found}, expected export default defineConnector`),
      );
      rmSync(file);
    });
  }
});
