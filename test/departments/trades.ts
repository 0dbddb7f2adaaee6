import { shanghaiWallTime } from '../../domain/dates.ts';
import { digits } from './random.ts';
import { TEXT_DEFECTS, write, type Trade, type Version } from './records.ts';

/** A department's way of writing a record, and which of its fields the hub has no name for. */
export interface Format {
  trade: Trade;
  raw: (version: Version) => Record<string, unknown>;
  /** Deletions carry nothing but their key. */
  bareDeletions?: boolean;
  /** Fields that end in the certificate's extension, in code-unit order. */
  extension: (version: Version) => Record<string, unknown>;
}

const slashes = (iso: string, quirk: number): string => {
  const [year, month, day] = iso.split('-').map(Number);
  if (quirk < 0.3) return `${String(year)}/${String(month)}/${String(day)}`;
  return quirk < 0.4 ? `${String(year)}年${String(month)}月${String(day)}日` : iso;
};
const compact = (iso: string): string => iso.replaceAll('-', '');
const plain = (iso: string): string => iso;

/** 住建: names of its own, several holders, page numbers from 1. */
const housing: Format = {
  trade: {
    id: 'housing',
    certificateName: '建筑工程施工许可证',
    typeCode: '11100000000013338W011',
    issuerName: '无锡市住房和城乡建设局',
    issuerCode: '11320200014006438B',
    holders: 'organisations',
    severalHolders: true,
    states: { valid: '01', suspended: '02', cancelled: '04' },
    numberOf: (random, index, year) => `3202(${year})${digits(random, 2)}${String(index).padStart(8, '0')}`,
  },
  raw: (version) => {
    const written = write(version, plain);
    return {
      id: version.key,
      permitNo: written.number,
      certCode: version.certificate.identifier,
      organName: version.certificate.issuerName,
      organCode: version.certificate.issuerCode,
      issueDate: written.issuedOn,
      validFrom: written.effectiveOn,
      validTo: written.expiresOn,
      builders: written.holders.map(({ name, code, codeType }) => ({
        name,
        code,
        kind: codeType === '001' ? 'ORG' : 'PERSON',
      })),
      state: written.status,
      deleted: version.deleted ? 1 : 0,
      updateTime: shanghaiWallTime(version.updatedMs),
      site: { address: written.address, area: 1234.5 },
    };
  },
  extension: (version) => ({ site: { address: version.address, area: 1234.5 } }),
};

/** 省回传: GB/T 36903 names in pinyin, an operation per row, logical deletes. */
const province: Format = {
  trade: {
    id: 'province',
    certificateName: '营业执照',
    typeCode: '11100000MB0143028R001',
    issuerName: '无锡市行政审批局',
    issuerCode: '11320200MB1D55902K',
    alsoDelivers: housing.trade,
    holders: 'organisations',
    severalHolders: false,
    states: { valid: '1', suspended: '3', cancelled: '2' },
    numberOf: (random, index) => `3202${digits(random, 4)}${String(index).padStart(9, '0')}`,
  },
  raw: (version) => {
    const written = write(version, slashes);
    const [holder] = written.holders;
    return {
      cd_id: version.key,
      cd_time: shanghaiWallTime(version.updatedMs),
      cd_operation: version.deleted ? 'D' : 'U',
      ZZMC: version.certificate.name,
      ZZLXDM: version.certificate.typeCode,
      ZZBH: written.number,
      ZZBS: version.certificate.identifier,
      ZZBFJG: version.certificate.issuerName,
      ZZBFJGDM: version.certificate.issuerCode,
      ZZBFRQ: written.issuedOn,
      ZZYXQQSRQ: written.effectiveOn,
      ZZYXQJZRQ: written.expiresOn,
      CZZT: holder?.name,
      CZZTDM: holder?.code,
      CZZTDMLXDM: holder?.codeType,
      ZZZT: written.status,
      KZ_ZS: written.address,
      KZ_ZCZB: 1_000_000,
    };
  },
  extension: (version) => ({ KZ_ZCZB: 1_000_000, KZ_ZS: version.address }),
};

/** 卫健: lower-case pinyin, the list as a JSON string, page numbers from 0, the window's end included. */
const health: Format = {
  trade: {
    id: 'health',
    certificateName: '医师执业证书',
    typeCode: '11100000000013522L003',
    issuerName: '无锡市卫生健康委员会',
    issuerCode: '11320200MB1519891D',
    holders: 'persons',
    severalHolders: false,
    states: { valid: '在用', suspended: '暂停', cancelled: '注销' },
    numberOf: (random, index) => `1103202${digits(random, 2)}${String(index).padStart(7, '0')}`,
  },
  raw: (version) => {
    const written = write(version, compact);
    const [holder] = written.holders;
    return {
      lsh: version.key,
      zzmc: version.certificate.name,
      zzlxdm: version.certificate.typeCode,
      zzbh: written.number,
      zzbs: version.certificate.identifier,
      zzbfjg: version.certificate.issuerName,
      zzbfjgdm: version.certificate.issuerCode,
      zzbfrq: written.issuedOn,
      zzyxqqsrq: written.effectiveOn,
      zzyxqjzrq: written.expiresOn,
      czzt: holder?.name,
      czztdm: holder?.code,
      czztdmlxdm: holder?.codeType,
      zt: written.status,
      sc: version.deleted ? 'Y' : 'N',
      gxsj: shanghaiWallTime(version.updatedMs),
      zydd: written.address,
    };
  },
  extension: (version) => ({ zydd: version.address }),
};

/** 交通: GB/T 36903 names in English, numbers that no JavaScript number can hold, has-more paging behind a token. */
const transport: Format = {
  trade: {
    id: 'transport',
    certificateName: '道路运输经营许可证',
    typeCode: '11100000000019713D021',
    issuerName: '无锡市交通运输局',
    issuerCode: '11320200014006550A',
    holders: 'mixed',
    severalHolders: false,
    states: { valid: 'NORMAL', suspended: 'SUSPENDED', cancelled: 'CANCELLED' },
    deletedState: 'DELETED',
    numberOf: (random, index) => `3202${digits(random, 5)}${String(index).padStart(9, '0')}`,
  },
  raw: (version) => {
    const written = write(version, plain);
    const [holder] = written.holders;
    return {
      recordId: version.key,
      certificateName: version.certificate.name,
      certificateTypeCode: version.certificate.typeCode,
      certificateNumber:
        typeof written.number === 'string' && /^\d+$/.test(written.number)
          ? `${AS_NUMBER}${written.number}`
          : written.number,
      certificateIdentifier: version.certificate.identifier,
      certificateIssuingAuthorityName: version.certificate.issuerName,
      certificateIssuingAuthorityCode: version.certificate.issuerCode,
      certificateIssuedDate: written.issuedOn,
      certificateEffectiveDate: written.effectiveOn,
      certificateExpiringDate: written.expiresOn,
      certificateHolderName: holder?.name,
      certificateHolderCode: holder?.code,
      certificateHolderTypeCode: holder?.codeType,
      status: version.deleted ? 'DELETED' : written.status,
      modifiedAt: version.updatedMs,
      businessAddress: written.address,
      licenceFile: `/files/${version.key}.pdf`,
      scope: ['普通货运', '货物专用运输'],
      sealState: '已签章',
    };
  },
  extension: (version) => ({
    businessAddress: version.address,
    licenceFile: `/files/${version.key}.pdf`,
    scope: ['普通货运', '货物专用运输'],
    sealState: '已签章',
  }),
};

/** 自然资源: a table with GB/T 36903 names in pinyin, holders joined in one text. */
const land: Format = {
  trade: {
    id: 'land',
    certificateName: '建设用地规划许可证',
    typeCode: '111000000000145848005',
    issuerName: '无锡市自然资源和规划局',
    issuerCode: '113202000140064541',
    holders: 'organisations',
    severalHolders: true,
    states: { valid: '1', suspended: '2', cancelled: '4' },
    numberOf: (random, index, year) => `地字第3202${year}${digits(random, 2)}${String(index).padStart(7, '0')}号`,
    defects: TEXT_DEFECTS,
  },
  raw: (version) => {
    const written = write(version, plain);
    return {
      id: version.key,
      zzbh: written.number,
      zzbs: version.certificate.identifier,
      zzbfrq: written.issuedOn,
      zzyxqqsrq: written.effectiveOn,
      zzyxqjzrq: written.expiresOn,
      czzt: written.holders.map(({ name }) => name).join('、'),
      czztdm: written.holders.map(({ code }) => code).join('、'),
      czztdmlxdm: written.holders[0]?.codeType,
      zt: written.status,
      sfsc: version.deleted ? '1' : '0',
      ydmj: '1234.50',
      gxsj: shanghaiWallTime(version.updatedMs),
    };
  },
  extension: () => ({ 用地面积: '1234.50' }),
};

/** 文旅: rows of a front-end exchange database, deletions with nothing but their key. */
const culture: Format = {
  bareDeletions: true,
  trade: {
    id: 'culture',
    certificateName: '娱乐经营许可证',
    typeCode: '11100000000013514R010',
    issuerName: '无锡市文化广电和旅游局',
    issuerCode: '11320200014006462U',
    holders: 'organisations',
    severalHolders: false,
    states: { valid: '有效', suspended: '暂扣', cancelled: '注销' },
    numberOf: (random, index) => `32020${digits(random, 1)}${String(index).padStart(8, '0')}`,
    defects: TEXT_DEFECTS,
  },
  raw: (version) => {
    const written = write(version, slashes);
    const [holder] = written.holders;
    return {
      LSH: version.key,
      ZZBH: written.number,
      ZZBS: version.certificate.identifier,
      ZZBFRQ: written.issuedOn,
      ZZYXQQSRQ: written.effectiveOn,
      ZZYXQJZRQ: written.expiresOn,
      CZZT: holder?.name,
      CZZTDM: holder?.code,
      CZZTDMLXDM: holder?.codeType,
      ZT: written.status,
      KZ_JYCS: written.address,
      dsc_biz_timestamp: shanghaiWallTime(version.updatedMs),
    };
  },
  extension: (version) => ({ KZ_JYCS: version.address }),
};

/** 教育: a file a day with Chinese column names. */
const education: Format = {
  trade: {
    id: 'education',
    certificateName: '教师资格证书',
    typeCode: '11100000000013530F002',
    issuerName: '无锡市教育局',
    issuerCode: '11320200014006470N',
    holders: 'persons',
    severalHolders: false,
    states: { valid: '有效', suspended: '暂停', cancelled: '注销' },
    deletedState: '删除',
    numberOf: (random, index, year) => `${year}3202${digits(random, 3)}${String(index).padStart(7, '0')}`,
    defects: TEXT_DEFECTS,
  },
  raw: (version) => {
    const written = write(version, slashes);
    const [holder] = written.holders;
    return {
      流水号: version.key,
      证书编号: written.number,
      证照标识: version.certificate.identifier,
      发证日期: written.issuedOn,
      有效期起: written.effectiveOn,
      有效期止: written.expiresOn,
      姓名: holder?.name,
      证件号码: holder?.code,
      证件类型: holder?.codeType === '001' ? '统一社会信用代码' : '居民身份证',
      状态: version.deleted ? '删除' : written.status,
      任教学科: '语文',
      更新时间: shanghaiWallTime(version.updatedMs),
    };
  },
  extension: () => ({ 任教学科: '语文' }),
};

/** 公安: pushes JSON records with GB/T 36903 names in English. */
const police: Format = {
  trade: {
    id: 'police',
    certificateName: '特种行业许可证',
    typeCode: '111000000000134939003',
    issuerName: '无锡市公安局',
    issuerCode: '11320200014006489K',
    holders: 'organisations',
    severalHolders: false,
    states: { valid: 'A', suspended: 'S', cancelled: 'C' },
    numberOf: (random, index) => `锡公特${digits(random, 2)}${String(index).padStart(8, '0')}`,
    defects: TEXT_DEFECTS,
  },
  raw: (version) => {
    const written = write(version, plain);
    const [holder] = written.holders;
    return {
      id: version.key,
      certificateNumber: written.number,
      certificateIdentifier: version.certificate.identifier,
      certificateIssuedDate: written.issuedOn,
      certificateEffectiveDate: written.effectiveOn,
      certificateExpiringDate: written.expiresOn,
      certificateHolderName: holder?.name,
      certificateHolderCode: holder?.code,
      certificateHolderTypeCode: holder?.codeType,
      state: written.status,
      removed: version.deleted,
      changedAt: version.updatedMs,
      premises: written.address,
    };
  },
  extension: (version) => ({ premises: version.address }),
};

/** Marks text that is written as a bare JSON number. */
export const AS_NUMBER = '@number:';

export const FORMATS = { province, housing, health, transport, land, culture, education, police } satisfies Record<
  string,
  Format
>;
