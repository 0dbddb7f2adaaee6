/** Whoever signs in has one of these. */
export const ROLES = {
  administrator: { zh: '系统管理员', en: 'administrator' },
  engineer: { zh: '集成工程师', en: 'integration engineer' },
  management: { zh: '管理单位', en: 'management unit' },
  issuer: { zh: '发证单位', en: 'issuing unit' },
  user: { zh: '用证单位', en: 'user unit' },
  auditor: { zh: '审计员', en: 'auditor' },
} as const;
export type Role = keyof typeof ROLES;

/** Roles that are somebody of a unit: an account with one of them has a unit. */
export const UNIT_ROLES: readonly Role[] = ['issuer', 'user'];

const EVERYBODY = Object.keys(ROLES) as Role[];
const WATCHERS = ['administrator', 'engineer', 'management', 'auditor'] as const;

/**
 * Who may do what: the one place that says so. A route of the API names the permission that it needs; which rows somebody
 * sees is decided by their unit, not here.
 */
export const PERMISSIONS = {
  'tasks:read': EVERYBODY,
  'tasks:exempt': ['management'],
  'tasks:correct': ['management'],
  'tasks:urge': ['management'],
  'disputes:read': ['management', 'issuer', 'user', 'auditor'],
  'disputes:raise': ['management', 'issuer', 'user'],
  'disputes:answer': ['management', 'issuer'],
  'disputes:manage': ['management'],
  /** Who objects, how to reach them, and what they said. */
  'disputes:personal': ['management', 'issuer'],
  'outages:read': [...WATCHERS, 'issuer'],
  'outages:report': ['management', 'issuer', 'engineer'],
  'outages:confirm': ['management', 'engineer'],
  'outages:accept': ['management'],
  'share:read': ['management', 'issuer', 'user', 'auditor'],
  'share:request': ['management', 'user'],
  'share:say': ['management', 'issuer', 'user'],
  'share:decide': ['management'],
  /** Lists of uses (用证清单) and grants: of one's own unit, or of all. */
  'sharing:read': ['management', 'issuer', 'user', 'auditor'],
  'sharing:list': ['management', 'issuer', 'user'],
  'sharing:approve': ['management'],
  /** The log of uses: of one's own unit, of one's own certificates, or all. */
  'uses:read': ['management', 'issuer', 'user', 'auditor'],
  /** The share interface (用证接口), within the grants of one's unit. */
  'certificates:use': ['issuer', 'user'],
  'supervision:read': ['management', 'issuer', 'auditor'],
  'supervision:answer': ['issuer', 'management'],
  'supervision:order': ['management'],
  'streams:read': [...WATCHERS, 'issuer'],
  'streams:run': ['engineer'],
  /** What cannot be synchronised, what is reviewed: of one’s own streams; the management unit: of all. */
  'streams:declare': ['management', 'issuer'],
  'rejects:read': ['engineer', 'management', 'issuer', 'auditor'],
  'rejects:correct': ['engineer', 'management', 'issuer'],
  'certificates:read': ['engineer', 'management', 'issuer', 'auditor'],
  /** Holders’ names and numbers, written out. */
  'certificates:personal': ['management', 'issuer'],
  'catalog:read': EVERYBODY,
  /** Of the types that one’s own unit issues; the management unit: of all. */
  'catalog:draft': ['management', 'issuer'],
  'catalog:approve': ['management'],
  'calendar:read': EVERYBODY,
  'calendar:import': ['administrator'],
  'rules:read': EVERYBODY,
  'figures:read': ['administrator', 'management', 'issuer', 'user', 'auditor'],
  /** Files that one has had made; what may be in them, each list’s own permission says. */
  'exports:read': EVERYBODY,
  'operation:read': ['administrator', 'engineer', 'auditor'],
  'audit:read': ['administrator', 'auditor'],
  'accounts:manage': ['administrator'],
  'contacts:read': ['administrator', 'management', 'issuer', 'user', 'auditor'],
  /** Who is on file (专人备案), with how to reach them written out: the management unit, and each unit its own. */
  'contacts:file': ['management', 'issuer', 'user'],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof PERMISSIONS;

/** What a permission is called, for scopes of tokens and in the audit. */
export const PERMISSION_NAMES: Record<Permission, { zh: string; en: string }> = {
  'tasks:read': { zh: '查看时限任务', en: 'see deadlines' },
  'tasks:exempt': { zh: '容错', en: 'exempt deadlines' },
  'tasks:correct': { zh: '更正时限', en: 'correct deadlines' },
  'tasks:urge': { zh: '催办', en: 'urge' },
  'disputes:read': { zh: '查看异议', en: 'see disputes' },
  'disputes:raise': { zh: '提出异议', en: 'raise disputes' },
  'disputes:answer': { zh: '办理异议', en: 'answer disputes' },
  'disputes:manage': { zh: '管理异议', en: 'manage disputes' },
  'disputes:personal': { zh: '查看异议人信息', en: 'see who objects' },
  'outages:read': { zh: '查看不可抗力与补录', en: 'see outages' },
  'outages:report': { zh: '报告不可抗力', en: 'report outages' },
  'outages:confirm': { zh: '确认故障排除', en: 'confirm recoveries' },
  'outages:accept': { zh: '确认不可抗力', en: 'confirm outages' },
  'share:read': { zh: '查看共享申请', en: 'see share requests' },
  'share:request': { zh: '提出共享申请', en: 'request shares' },
  'share:say': { zh: '共享申请表态', en: 'say whether to share' },
  'share:decide': { zh: '决定共享申请', en: 'decide on shares' },
  'sharing:read': { zh: '查看用证清单与授权', en: 'see lists of uses and grants' },
  'sharing:list': { zh: '提交用证清单', en: 'hand in lists of uses' },
  'sharing:approve': { zh: '审定用证清单', en: 'approve lists of uses' },
  'uses:read': { zh: '查看用证日志', en: 'see the log of uses' },
  'certificates:use': { zh: '用证', en: 'use certificates' },
  'supervision:read': { zh: '查看问题整改', en: 'see supervision' },
  'supervision:answer': { zh: '答复整改', en: 'answer orders' },
  'supervision:order': { zh: '下达整改与出具文书', en: 'order rectification' },
  'streams:read': { zh: '查看归集', en: 'see streams' },
  'streams:run': { zh: '运行归集', en: 'run streams' },
  'streams:declare': { zh: '登记数据流声明', en: 'declare of streams' },
  'rejects:read': { zh: '查看问题数据', en: 'see rejects' },
  'rejects:correct': { zh: '更正问题数据', en: 'correct rejects' },
  'certificates:read': { zh: '查看证照', en: 'see certificates' },
  'certificates:personal': { zh: '查看持证主体信息', en: 'see holders' },
  'catalog:read': { zh: '查看目录', en: 'see the catalog' },
  'catalog:draft': { zh: '起草目录', en: 'draft the catalog' },
  'catalog:approve': { zh: '审定目录', en: 'approve the catalog' },
  'calendar:read': { zh: '查看日历', en: 'see the calendar' },
  'calendar:import': { zh: '导入日历', en: 'import the calendar' },
  'rules:read': { zh: '查看规则', en: 'see the rules' },
  'exports:read': { zh: '导出', en: 'export lists' },
  'figures:read': { zh: '查看考核', en: 'see the figures' },
  'operation:read': { zh: '查看运行', en: 'see the operation' },
  'audit:read': { zh: '查看审计', en: 'see the audit' },
  'accounts:manage': { zh: '管理单位与账号', en: 'manage units and accounts' },
  'contacts:read': { zh: '查看专人', en: 'see contacts' },
  'contacts:file': { zh: '专人备案', en: 'file contacts' },
};

/** What else stands in the audit. */
export const OTHER_ACTIONS = {
  'sign-in': { zh: '登录', en: 'signed in' },
  'sign-in refused': { zh: '登录被拒绝', en: 'sign-in refused' },
  'sign-out': { zh: '退出登录', en: 'signed out' },
  refused: { zh: '越权被拒绝', en: 'refused' },
  session: { zh: '本人账号', en: 'own account' },
  export: { zh: '导出', en: 'exported' },
} as const;

/** Whether somebody with a role may do something; `scopes` is what an API token is limited to, null where it is not. */
export function may(
  { role, scopes }: { role: Role; scopes: readonly Permission[] | null },
  permission: Permission,
): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission];
  return roles.includes(role) && (scopes === null || scopes.includes(permission));
}

/** Everything that a role may do. */
export const permissionsOf = (role: Role): Permission[] =>
  (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => may({ role, scopes: null }, permission));
