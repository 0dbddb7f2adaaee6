/** What can be done with certificates, as the log of uses has it (应用). */
export const USE_ACTS = {
  find: { zh: '查询', en: 'found' },
  read: { zh: '读取', en: 'read' },
  file: { zh: '取原件', en: 'took the file' },
  copy: { zh: '取加注件', en: 'took a copy' },
  verify: { zh: '核验数据', en: 'verified' },
  'verify-file': { zh: '核验文件', en: 'verified a file' },
} as const;
export type UseAct = keyof typeof USE_ACTS;

export const USE_OUTCOMES = {
  answered: { zh: '已答复', en: 'answered' },
  none: { zh: '查无', en: 'nothing found' },
  refused: { zh: '已拒绝', en: 'refused' },
} as const;
export type UseOutcome = keyof typeof USE_OUTCOMES;
