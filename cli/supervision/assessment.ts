import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { assessmentWorkbook, periodNamed, type Period } from '../../domain/supervision/assessment.ts';
import { fault } from '../../domain/faults.ts';
import { readAssessment } from '../../store/supervision/assessment.ts';
import { withLibrary } from '../kit/library.ts';
import { readConfig, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { print } from '../kit/output.ts';

interface AssessmentOptions extends CommonOptions {
  month?: string;
  year?: string;
  out: string;
}

export function addAssessment(program: Command): void {
  withData(withConfig(program.command('assessment')))
    .description(
      'Sheets: what it is and by which formulas; the units with every figure; overdue and late deadlines; exempted ones\n' +
        '(容错) apart; findings; notices. From the database alone, as things are known now.',
    )
    .option('--month <month>', 'for example 2026-10')
    .option('--year <year>', 'for example 2026')
    .requiredOption('--out <file>', 'the xlsx file to write')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub assessment --month 2026-10 --out 2026-10.xlsx\n  ./hub assessment --year 2026 --out 2026.xlsx',
    )
    .action((options: AssessmentOptions) => write(options));
}

function chosenPeriod({ month, year }: AssessmentOptions): Period {
  const text = month ?? year ?? '';
  const period = (month === undefined) === (year === undefined) ? null : periodNamed(text);
  // A year has four characters, and is not what --month asks for.
  if (period && (month === undefined) === (text.length === 4)) return period;
  throw fault('period-invalid', { found: text });
}

async function write(options: AssessmentOptions): Promise<void> {
  const period = chosenPeriod(options);
  const { jurisdiction } = readConfig(options);
  await withLibrary(options, async (db) => {
    const assessment = await readAssessment(db, jurisdiction, period, { at: new Date(), units: null });
    writeFileSync(options.out, assessmentWorkbook(assessment), { mode: 0o600 });
  });
  print(`已写入 ${options.out}，${period.period} 考核表。 Wrote the assessment of ${period.period} to ${options.out}`);
}
