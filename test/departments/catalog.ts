/**
 * What the province publishes of its catalog of certificate types: one that the city has as it is, one that has
 * changed, two that are new, and one whose holders are nonsense.
 */
export const provinceCatalog = (): Record<string, unknown>[] => [
  {
    ZZLXDM: '11100000MB0143028R001',
    ZZMC: '营业执照',
    BZJB: '1',
    CZZT: '1,2',
    MB: 'yyzz-2019.ofd',
    YXNX: '',
    ZMXX: [
      { ZDM: 'KZ_ZCZB', ZDMC: '注册资本', LX: 'N' },
      { ZDM: 'KZ_ZS', ZDMC: '住所', LX: 'C' },
    ],
  },
  {
    ZZLXDM: '11100000000013338W011',
    ZZMC: '建筑工程施工许可证',
    BZJB: '1',
    CZZT: '1,2',
    MB: 'sgxkz-2026.ofd',
    ZMXX: [
      { ZDM: 'site', ZDMC: '建设地址', LX: 'C' },
      { ZDM: 'htgq', ZDMC: '合同工期', LX: 'N' },
    ],
  },
  {
    ZZLXDM: '11100000MB0143028R102',
    ZZMC: '食品经营许可证',
    BZJB: '2',
    CZZT: '1,2',
    MB: 'spjy.ofd',
    YXNX: 5,
    DYJG: { MC: '省市场监督管理局', DM: '11320000MB1957399X' },
    ZMXX: [
      { ZDM: 'jyxm', ZDMC: '经营项目', BT: 1, LX: 'C' },
      { ZDM: 'ztyt', ZDMC: '主体业态', BT: 1, LX: 'C', QZ: '食品销售经营者、餐饮服务经营者、单位食堂' },
    ],
  },
  {
    ZZLXDM: '11100000000019713D034',
    ZZMC: '网络预约出租汽车运输证',
    BZJB: '2',
    CZZT: '1',
    MB: 'wyc.ofd',
    YXNX: 8,
    ZMXX: [{ ZDM: 'cphm', ZDMC: '车牌号码', BT: 1, LX: 'C' }],
  },
  { ZZLXDM: '11100000000013522L017', ZZMC: '护士执业证书', BZJB: '1', CZZT: '9', MB: 'hszyz.ofd', ZMXX: [] },
];
