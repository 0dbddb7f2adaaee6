import { describeTerm, DUTIES, type Duty, type Rule } from './duties.ts';
import type { Said } from '../said.ts';

/** What the hub does that duties of a regulation are served by, and where it is seen and proven. */
export interface HubFunction extends Said {
  /** Of `./hub`, with the words that follow. */
  commands: readonly string[];
  /** Requests under `/api/v1`. */
  api: readonly string[];
  /** Files under `test/`. */
  tests: readonly [string, ...string[]];
}

export const FUNCTIONS = {
  increments: {
    zh: '每日增量归集与核对',
    en: 'daily increments, compared with the source',
    commands: ['status', 'gaps'],
    api: ['GET /streams', 'GET /streams/coverage'],
    tests: ['workflow/daily.test.ts', 'store/collection/pages.test.ts'],
  },
  returns: {
    zh: '平台回传接入',
    en: 'returns of platforms',
    commands: ['status', 'connector run'],
    api: ['GET /streams'],
    tests: ['workflow/return-sync.test.ts'],
  },
  proofs: {
    zh: '源端与库逐条核验',
    en: 'proof, record by record',
    commands: ['prove', 'proofs'],
    api: ['GET /streams/:name'],
    tests: ['workflow/prove-stream.test.ts', 'workflow/reconcile-stream.test.ts'],
  },
  stock: {
    zh: '存量归集计划与导入',
    en: 'old records: plan and import',
    commands: ['stock', 'stock run'],
    api: ['GET /figures'],
    tests: ['workflow/stock-import.test.ts'],
  },
  cases: {
    zh: '业务办结、推送与送达登记',
    en: 'completed cases, their pushes and deliveries',
    commands: ['cases', 'cases import'],
    api: ['GET /tasks'],
    tests: ['store/casework/completed-cases.test.ts'],
  },
  lifecycle: {
    zh: '证照状态与历史',
    en: 'states and history of certificates',
    commands: ['certificate', 'conflicts'],
    api: ['GET /certificates/:stream/:key'],
    tests: ['store/collection/lifecycle.test.ts', 'unit/library/lifecycle.test.ts'],
  },
  declarations: {
    zh: '数据流声明（无法同步、签发审核）',
    en: 'declarations of streams: not synchronisable, reviewed',
    commands: ['declarations', 'declarations add'],
    api: ['GET /declarations', 'POST /declarations'],
    tests: ['store/collection/declarations.test.ts', 'api/declarations.test.ts'],
  },
  lookup: {
    zh: '证照查询（按权限、脱敏）',
    en: 'lookup of certificates, by permission and masked',
    commands: ['certificate'],
    api: ['GET /certificates', 'POST /certificates/search'],
    tests: ['api/certificates.test.ts'],
  },
  catalog: {
    zh: '发证目录编制与审定',
    en: 'the issuing catalog, drafted and approved',
    commands: ['catalog import', 'catalog approve', 'catalog export'],
    api: ['GET /catalog', 'POST /catalog/:typeCode/template', 'POST /catalog/:typeCode/approve'],
    tests: ['api/catalog.test.ts', 'workflow/catalog.test.ts'],
  },
  'public-catalog': {
    zh: '公开目录（供社会查询）',
    en: 'the catalog for everybody',
    commands: ['catalog export'],
    api: ['GET /public/catalog'],
    tests: ['api/catalog.test.ts', 'browser/certificates.test.ts'],
  },
  composites: {
    zh: '一业一证的展示与状态',
    en: 'licences of several, shown with their members',
    commands: ['certificate'],
    api: ['GET /certificates/:stream/:key'],
    tests: ['api/certificates.test.ts', 'unit/library/composite.test.ts'],
  },
  files: {
    zh: '证照文件与签章核验',
    en: 'files of certificates, their seals and signatures verified',
    commands: ['files', 'files verify'],
    api: ['GET /certificates/:stream/:key/file'],
    tests: ['store/library/seals.test.ts', 'store/library/signature.test.ts'],
  },
  quality: {
    zh: '数据校验、问题数据与数据质量报告',
    en: 'validation, rejects and reports of quality',
    commands: ['rejects', 'figures report'],
    api: ['GET /rejects'],
    tests: ['store/library/quality.test.ts', 'unit/collection/mapping-rules.test.ts'],
  },
  'usage-lists': {
    zh: '用证清单（按版本）',
    en: 'lists of uses, by version',
    commands: ['usage-list import', 'usage-list changed'],
    api: ['POST /usage-lists', 'POST /usage-lists/:unit/approve'],
    tests: ['store/sharing/usage-lists.test.ts', 'api/sharing/usage-lists.test.ts', 'browser/certificates.test.ts'],
  },
  archives: {
    zh: '用证归档（归档包与核验）',
    en: 'archives of uses, as packages that are verified without the hub',
    commands: ['archive', 'archive make', 'archive verify'],
    api: [],
    tests: ['store/sharing/archives.test.ts', 'integration/archive-commands.test.ts'],
  },
  'share-interface': {
    zh: '用证接口（按授权查询、取件、核验）',
    en: 'the share interface: find, fetch and verify within grants',
    commands: ['usage-list approve'],
    api: ['GET /grants'],
    tests: ['api/sharing/sharing.test.ts'],
  },
  'share-catalog': {
    zh: '共享目录',
    en: 'the catalog of what is shared',
    commands: [],
    api: ['GET /share-catalog'],
    tests: ['browser/certificates.test.ts'],
  },
  uses: {
    zh: '用证日志与回执',
    en: 'the log of uses, with receipts',
    commands: [],
    api: ['GET /uses', 'GET /receipts/:receipt', 'GET /use-figures'],
    tests: ['api/sharing/sharing.test.ts', 'api/sharing/use-figures.test.ts'],
  },
  holders: {
    zh: '持证主体查询（证照、用证记录）',
    en: 'holders see their certificates, and who used them',
    commands: [],
    api: ['GET /uses'],
    tests: ['api/sharing/holders.test.ts'],
  },
  presentations: {
    zh: '亮证与扫码核验',
    en: 'presentation codes',
    commands: [],
    api: ['GET /uses'],
    tests: ['api/sharing/holders.test.ts'],
  },
  authorisations: {
    zh: '持证主体授权用证',
    en: 'use by authorisation of the holder',
    commands: [],
    api: ['GET /uses'],
    tests: ['api/sharing/holders.test.ts'],
  },
  expiry: {
    zh: '到期提醒',
    en: 'reminders of an expiry',
    commands: ['expiry', 'expiry done'],
    api: ['GET /tasks'],
    tests: ['store/library/expiry.test.ts'],
  },
  disputes: {
    zh: '异议办理',
    en: 'disputes',
    commands: ['dispute raise', 'dispute show'],
    api: ['GET /disputes', 'POST /disputes'],
    tests: ['store/casework/disputes.test.ts', 'store/casework/receipt.test.ts'],
  },
  outages: {
    zh: '不可抗力报告与补录',
    en: 'outages and their backfill',
    commands: ['outage report', 'outage show'],
    api: ['GET /outages', 'POST /outages'],
    tests: ['store/casework/outages.test.ts', 'store/casework/force-majeure.test.ts'],
  },
  shares: {
    zh: '共享申请办理',
    en: 'share requests',
    commands: ['share request', 'share show'],
    api: ['GET /share-requests', 'POST /share-requests'],
    tests: ['store/casework/share-requests.test.ts'],
  },
  contacts: {
    zh: '专人备案',
    en: 'contact persons on file',
    commands: ['contacts', 'contacts file'],
    api: ['GET /contacts', 'POST /contacts'],
    tests: ['store/ledger/obligations.test.ts', 'api/accounts.test.ts'],
  },
  access: {
    zh: '按角色、单位授权',
    en: 'access by role and unit',
    commands: ['account'],
    api: ['GET /accounts', 'GET /tokens'],
    tests: ['api/access.test.ts', 'api/accounts.test.ts'],
  },
  audit: {
    zh: '操作审计日志',
    en: 'the audit',
    commands: [],
    api: ['GET /audit'],
    tests: ['api/accounts.test.ts'],
  },
  supervision: {
    zh: '抽查、模拟办事、电子督查',
    en: 'samples, trial uses, patrols',
    commands: ['supervise'],
    api: ['POST /inspections/sample', 'POST /inspections/trial', 'POST /inspections/patrol'],
    tests: ['api/supervision.test.ts', 'store/supervision/findings.test.ts'],
  },
  findings: {
    zh: '问题整改与文书',
    en: 'findings, rectification and documents',
    commands: ['supervise open', 'supervise recheck', 'supervise notice'],
    api: ['GET /findings', 'POST /findings'],
    tests: ['store/supervision/findings.test.ts', 'store/supervision/sanctions.test.ts'],
  },
  assessment: {
    zh: '考核指标与年度考核表',
    en: 'figures and the yearly assessment',
    commands: ['figures', 'assessment'],
    api: ['GET /figures'],
    tests: ['store/supervision/figures.test.ts', 'unit/supervision/assessment.test.ts'],
  },
  evidence: {
    zh: '证明材料登记',
    en: 'evidence on file',
    commands: ['duties evidence', 'duties evidence add'],
    api: [],
    tests: ['store/ledger/duty-evidence.test.ts'],
  },
  exemption: {
    zh: '容错',
    en: 'exemption',
    commands: ['tasks exempt'],
    api: ['POST /tasks/:id/exempt'],
    tests: ['api/tasks.test.ts'],
  },
} as const satisfies Record<string, HubFunction>;
export type FunctionName = keyof typeof FUNCTIONS;

/** By what each kind of deadline is worked on. */
const WORKED_ON_BY: Readonly<Record<Duty, FunctionName>> = {
  increment: 'increments',
  lifecycle: 'lifecycle',
  consistency: 'proofs',
  review: 'declarations',
  stock: 'stock',
  'push-online': 'cases',
  'push-offline': 'cases',
  'push-bulk': 'cases',
  delivery: 'cases',
  catalog: 'catalog',
  'catalog-approval': 'catalog',
  'usage-list': 'usage-lists',
  contact: 'contacts',
  expiry: 'expiry',
  'outage-report': 'outages',
  backfill: 'outages',
  'share-filing': 'shares',
  'share-decision': 'shares',
  'dispute-receipt': 'disputes',
  'dispute-mark': 'disputes',
  'dispute-answer': 'disputes',
  'dispute-hand-up': 'disputes',
  'dispute-tell': 'disputes',
  rectification: 'findings',
};

/** A duty of a regulation that no deadline watches. */
export interface OtherDuty {
  id: string;
  article: string;
  /** The duty in a few words of the regulation. */
  quote: string;
  servedBy: FunctionName[];
  /** What of it the hub does not do. */
  missing?: string | undefined;
  /** Why the text asks nothing of software. */
  nothing?: string | undefined;
}

/** How far the hub serves a duty. */
export const SERVED = {
  served: { zh: '已落实', en: 'served' },
  partly: { zh: '部分实现', en: 'in part' },
  missing: { zh: '未实现', en: 'not yet' },
  nothing: { zh: '不涉及软件', en: 'asks nothing of software' },
} as const satisfies Record<string, Said>;

/** One duty of a regulation, with what serves it. */
export interface ServedDuty {
  id: string;
  article: string;
  quote: string;
  served: keyof typeof SERVED;
  /** Kinds of deadlines that watch it, with their term; empty where none does. */
  tasks: string[];
  functions: FunctionName[];
  /** What is missing, or why nothing is asked. */
  note: string;
}

const IN_ORDER = new Intl.Collator('en', { numeric: true });

/** Every duty of a regulation in its order: those that deadlines watch, and all others. */
export function servedDuties(profile: { rules: readonly Rule[]; otherDuties: readonly OtherDuty[] }): ServedDuty[] {
  const watched = profile.rules.map((rule): ServedDuty => ({
    id: rule.id,
    article: rule.article,
    quote: rule.quote,
    served: 'served',
    tasks: rule.duties.map((duty) => `${DUTIES[duty].zh}：${describeTerm(rule)}`),
    functions: [...new Set(rule.duties.map((duty) => WORKED_ON_BY[duty]))],
    note: '',
  }));
  const others = profile.otherDuties.map(({ servedBy, missing, nothing, ...duty }): ServedDuty => ({
    ...duty,
    served:
      nothing !== undefined ? 'nothing' : missing === undefined ? 'served' : servedBy.length > 0 ? 'partly' : 'missing',
    tasks: [],
    functions: servedBy,
    note: missing ?? nothing ?? '',
  }));
  return [...watched, ...others].sort((a, b) => IN_ORDER.compare(a.id, b.id));
}
