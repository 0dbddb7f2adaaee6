import type { Fault } from './fault.ts';

/** Faults of accounts. */
export const CONSOLE = {
  'account-unknown': {
    kind: 'configuration',
    say: ({ login }: { login: string }) => ({ zh: `没有账号 ${login}`, en: `There is no account ${login}` }),
    cure: { zh: '用 ./hub account 查看', en: './hub account lists them' },
  },
  'unit-missing': {
    kind: 'configuration',
    field: 'unitCode',
    say: ({ unit }: { unit: string }) => ({ zh: `没有单位 ${unit}`, en: `There is no unit ${unit}` }),
    cure: { zh: '先添加该单位，或选择已有的单位', en: 'add the unit first, or choose one that there is' },
  },
  'unit-needed': {
    kind: 'configuration',
    field: 'unitCode',
    say: ({ role }: { role: string }) => ({
      zh: '发证单位和用证单位的账号须选择单位',
      en: `The role ${role} belongs to a unit`,
    }),
    cure: { zh: '请填写单位', en: 'name the unit' },
  },
  'unit-needless': {
    kind: 'configuration',
    field: 'unitCode',
    say: ({ role }: { role: string }) => ({
      zh: '系统管理员管理全部单位和账号，不属于某一单位',
      en: `The role ${role} manages all units and accounts, and belongs to none`,
    }),
    cure: { zh: '请不要填写单位', en: 'leave the unit out' },
  },
  'login-taken': {
    kind: 'configuration',
    status: 409,
    field: 'login',
    say: ({ login }: { login: string }) => ({ zh: `用户名 ${login} 已被使用`, en: `The login ${login} is taken` }),
    cure: { zh: '请换一个用户名', en: 'choose another one' },
  },
  'last-administrator': {
    kind: 'configuration',
    status: 409,
    field: 'role',
    say: {
      zh: '这是最后一个系统管理员，不能停用或改为其他角色',
      en: 'The last administrator stays one',
    },
    cure: { zh: '先将另一个账号设为系统管理员', en: 'make somebody else an administrator first' },
  },
} satisfies Record<string, Fault>;
