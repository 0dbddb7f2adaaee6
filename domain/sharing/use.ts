/** What holders do with certificates of their own, through a portal. */
export const HOLDER_ACTS = {
  'own-list': { zh: '本人查阅持证列表', en: 'holder listed their own' },
  'own-read': { zh: '本人查看证照', en: 'holder read their own' },
  'own-file': { zh: '本人下载证照', en: 'holder took the file of their own' },
  'own-uses': { zh: '本人查阅用证记录', en: 'holder looked who used their own' },
  present: { zh: '亮证', en: 'holder showed their own' },
  authorise: { zh: '授权', en: 'holder authorised a unit' },
  revoke: { zh: '撤销授权', en: 'holder revoked an authorisation' },
  'own-authorisations': { zh: '本人查阅授权', en: 'holder looked at what they authorised' },
} as const;

/** What can be done with certificates, as the log of uses has it (应用). */
export const USE_ACTS = {
  find: { zh: '查询', en: 'found' },
  read: { zh: '读取', en: 'read' },
  file: { zh: '取原件', en: 'took the file' },
  copy: { zh: '取加注件', en: 'took a copy' },
  verify: { zh: '核验数据', en: 'verified' },
  'verify-file': { zh: '核验文件', en: 'verified a file' },
  scan: { zh: '扫码核验', en: 'looked at what a holder showed' },
  ...HOLDER_ACTS,
} as const;
export type UseAct = keyof typeof USE_ACTS;

export const USE_OUTCOMES = {
  answered: { zh: '已答复', en: 'answered' },
  none: { zh: '查无', en: 'nothing found' },
  refused: { zh: '已拒绝', en: 'refused' },
} as const;
export type UseOutcome = keyof typeof USE_OUTCOMES;
