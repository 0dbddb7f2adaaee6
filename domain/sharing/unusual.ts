/** Use of certificates that somebody should look at. Each is told of one client, where it comes to so many. */
export const UNUSUAL_USES = {
  holders: { zh: '一日查询主体过多', en: 'many different holders in a day', least: 100 },
  night: { zh: '夜间调用', en: 'calls at night', least: 10 },
  refused: { zh: '清单外调用', en: 'calls outside its list', least: 5 },
  business: { zh: '同一流水号查询多个主体', en: 'one business number for many holders', least: 5 },
  reason: { zh: '事由千篇一律', en: 'the same reason for everything', least: 50 },
} as const;
export type UnusualKind = keyof typeof UNUSUAL_USES;

/** Night ends and begins at these hours, in Shanghai. */
export const NIGHT = { ends: 6, begins: 22 } as const;
