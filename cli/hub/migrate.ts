import type { Command } from 'commander';
import { migrate, openDatabase, requireServer, shownDatabase } from '../../store/database.ts';
import { requireDatabase } from '../kit/options.ts';
import { print } from '../kit/output.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description(
      'Brings the database at DATABASE_URL to the newest schema. ./hub up and ./hub demo do this by themselves.',
    )
    .addHelpText('after', '\nExample:\n  DATABASE_URL=postgres://hub@db/hub ./hub migrate')
    .action(async () => {
      const url = requireDatabase();
      const db = openDatabase(url, 'migrate');
      try {
        const version = await requireServer(db, url);
        const steps = await migrate(db, 'production');
        print(
          `${shownDatabase(url)} (PostgreSQL ${version}): ${steps === 0 ? 'the schema is the newest' : `${steps} migration(s) applied`}`,
        );
      } finally {
        await db.destroy();
      }
    });
}
