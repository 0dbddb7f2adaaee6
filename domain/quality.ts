/**
 * What every record has to fill, as the rules of completeness name it. A holder's name and code count once, however many
 * holders there are.
 */
export const REQUIRED_FIELDS = [
  ...['key', 'updatedAt', 'status', 'typeCode', 'name', 'number', 'issuedOn', 'holders.name', 'holders.code'],
];

/** Required fields of one record: those above, what the face of its type requires, what was agreed with its source. */
const REQUIRED = REQUIRED_FIELDS.length + 2;

/** The figures' formulas (our own definitions, standards notes §6), printed beside them. */
export const FORMULAS = {
  completeness: `完整率 = required fields filled ÷ required fields. Required of each record, ${String(REQUIRED)} fields: ${REQUIRED_FIELDS.join(', ')}; the required 照面信息 of its type, as one; the fields agreed with its source, as one`,
  accuracy:
    '准确率 = records passing every format, check-digit, code and date rule, less upheld disputes ÷ records. No disputes are kept yet',
  records:
    'Records = held + those of the open rejects that no other version is held of. Records that wait for an entry of their type count in neither figure',
} as const;

/** What the figures are made of. */
export interface QualityCounts {
  /** Records that were judged. */
  records: number;
  /** Of these, how many break a rule of completeness; of accuracy. */
  incomplete: number;
  inaccurate: number;
  /** Required fields that are not filled. */
  missingFields: number;
}

/** 完整率 and 准确率 as shares of 1; null where there is no record. */
export const figuresOf = (counts: QualityCounts): { completeness: number | null; accuracy: number | null } =>
  counts.records === 0
    ? { completeness: null, accuracy: null }
    : {
        completeness: (REQUIRED * counts.records - counts.missingFields) / (REQUIRED * counts.records),
        accuracy: (counts.records - counts.inaccurate) / counts.records,
      };
