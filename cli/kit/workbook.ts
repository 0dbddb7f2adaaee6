import { basename } from 'node:path';
import { openWorkbook } from '../../connectors/sheets/open.ts';
import type { Workbook } from '../../domain/spreadsheet.ts';
import { readGiven } from './options.ts';

/** A workbook that is named on the command line. */
export const openGiven = (file: string): Promise<Workbook> => openWorkbook(readGiven(file), basename(file));

/** A file that is named on the command line: the text of a YAML file, or a workbook. */
export const openGivenList = async (file: string): Promise<string | Workbook> =>
  /\.ya?ml$/i.test(file) ? readGiven(file).toString() : openGiven(file);
