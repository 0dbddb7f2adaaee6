import { basename } from 'node:path';
import { z } from 'zod';
import { FILE_FORMATS, formatOf } from '../../../settings/kinds/file.ts';
import { LONGEST_TERM } from '../../../settings/schemas/jurisdiction.ts';
import { keyOf } from '../../../settings/values.ts';
import type { CaseField } from '../../../domain/casework/definition.ts';
import { handedIn } from './evidence.ts';
import { instant, text, unitCode } from './views.ts';

export const streamId = z.string().regex(/^[a-z0-9-]{1,100}$/, '数据流 stream');

/** Bytes of a file’s name that a disk keeps. */
const LONGEST_NAME = 255;
/** Units that can be named at once. */
const MOST_UNITS = 100;

/** How a request gives what the actions of cases ask for, by kind of field. */
function valueOf(field: CaseField): z.ZodType {
  switch (field.kind) {
    case 'line':
    case 'text':
    case 'personal':
      return text(field.most);
    case 'verdict':
      return z.boolean();
    case 'choice':
      return keyOf(field.options);
    case 'time':
      return instant;
    case 'working-days':
      return z.int().min(1).max(LONGEST_TERM);
    case 'case':
      return z.int().positive();
    case 'unit':
      return unitCode;
    case 'units':
      return z.array(unitCode).min(1).max(MOST_UNITS);
    case 'own-unit':
      return unitCode.optional();
    case 'streams':
      return z.array(streamId).min(1).nullable().default(null);
    case 'stream':
      return streamId;
    case 'item':
      return text(10);
    case 'records':
      return handedIn.refine(
        ({ name }) => basename(name) === name && Buffer.byteLength(name) <= LONGEST_NAME && formatOf(name) !== null,
        FILE_FORMATS.join(' / '),
      );
  }
}

/** What the actions of cases ask for, as parts of a request. */
export const fieldsOf = (fields: Readonly<Record<string, CaseField>>): Record<string, z.ZodType> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const value = field.optional ? valueOf(field).nullish() : valueOf(field);
      const hint = field.kind === 'streams' ? 'null: all that are left' : field.hint?.en;
      return [name, value.meta({ description: [`${field.zh} ${field.en}`, hint].filter(Boolean).join('. ') })];
    }),
  );
