import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';

it('a program that ends while a file of records is open leaves nothing of it behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-left-'));
  try {
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const file = join(folder, 'a.csv');
    writeFileSync(file, 'id\n1\n');
    const code = `
      import { readdirSync } from 'node:fs';
      import { openHandedIn } from '${join(import.meta.dirname, '../../../connectors/file/handed-in.ts')}';
      await openHandedIn('${file}', { id: 'a', record: { key: 'id' }, status: {} });
      console.log(readdirSync('${temporary}').length);
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...process.env, TMPDIR: temporary },
    });
    assert.equal(stdout.trim(), '1', 'while it is open it lies there');
    assert.deepEqual(readdirSync(temporary), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
