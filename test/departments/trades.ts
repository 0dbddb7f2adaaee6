import { shanghaiWallTime } from '../../domain/dates.ts';
import { digits } from './random.ts';
import { write, type Trade, type Version } from './records.ts';

/** A department's way of writing a record, and which of its fields the hub has no name for. */
export interface Format {
  trade: Trade;
  raw: (version: Version) => Record<string, unknown>;
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

/** 省回传: GB/T 36903 names in pinyin, an operation per row, logical deletes. */
const province: Format = {
  trade: {
    id: 'province',
    certificateName: '营业执照',
    typeCode: '11100000MB0143028R001',
    issuerName: '无锡市行政审批局',
    issuerCode: '11320200MB1D5590XL',
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

/** 住建: names of its own, several holders, page numbers from 1. */
const housing: Format = {
  trade: {
    id: 'housing',
    certificateName: '建筑工程施工许可证',
    typeCode: '11100000000013338W011',
    issuerName: '无锡市住房和城乡建设局',
    issuerCode: '11320200014006438T',
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

/** 卫健: lower-case pinyin, the list as a JSON string, page numbers from 0, the window's end included. */
const health: Format = {
  trade: {
    id: 'health',
    certificateName: '医师执业证书',
    typeCode: '11100000000013523F003',
    issuerName: '无锡市卫生健康委员会',
    issuerCode: '11320200MB1519893N',
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
    issuerCode: '11320200014006550H',
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
      scope: ['普通货运', '货物专用运输'],
    };
  },
  extension: (version) => ({ businessAddress: version.address, scope: ['普通货运', '货物专用运输'] }),
};

/** Marks text that is written as a bare JSON number. */
export const AS_NUMBER = '@number:';

export const FORMATS: Record<string, Format> = { province, housing, health, transport };
