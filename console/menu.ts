import type { RouteObject } from 'react-router';
import type { Permission } from '../domain/access.ts';

/** A page by its address. */
export type PageRoute = Required<Pick<RouteObject, 'path' | 'lazy'>>;

/** A page of the menu. */
interface MenuPage extends PageRoute {
  zh: string;
  en: string;
  /** Who has it in the menu. */
  needs: Permission;
}

/** A page’s code is fetched when it is opened. */
export const page = (load: () => Promise<{ default: React.ComponentType }>) => async () => ({
  Component: (await load()).default,
});

/** The menu, in its order: what is due, what is kept, how it is used, how it is set up, how it runs. */
export const MENU: { zh: string; en: string; pages: MenuPage[] }[] = [
  {
    zh: '监督',
    en: 'Supervision',
    pages: [
      {
        path: '/',
        zh: '总览',
        en: 'Overview',
        needs: 'tasks:read',
        lazy: page(() => import('./pages/console/overview.tsx')),
      },
      {
        path: '/tasks',
        zh: '时限任务',
        en: 'Deadlines',
        needs: 'tasks:read',
        lazy: page(() => import('./pages/ledger/tasks.tsx')),
      },
      {
        path: '/disputes',
        zh: '异议',
        en: 'Disputes',
        needs: 'disputes:read',
        lazy: page(() => import('./pages/casework/disputes.tsx')),
      },
      {
        path: '/outages',
        zh: '不可抗力与补录',
        en: 'Outages',
        needs: 'outages:read',
        lazy: page(() => import('./pages/casework/outages.tsx')),
      },
      {
        path: '/share-requests',
        zh: '共享申请',
        en: 'Share requests',
        needs: 'share:read',
        lazy: page(() => import('./pages/casework/share-requests.tsx')),
      },
      {
        path: '/inspections',
        zh: '监督检查',
        en: 'Inspections',
        needs: 'supervision:read',
        lazy: page(() => import('./pages/supervision/inspections.tsx')),
      },
      {
        path: '/supervision',
        zh: '问题整改',
        en: 'Findings',
        needs: 'supervision:read',
        lazy: page(() => import('./pages/supervision/supervision.tsx')),
      },
      {
        path: '/figures',
        zh: '考核',
        en: 'Figures',
        needs: 'figures:read',
        lazy: page(() => import('./pages/supervision/figures.tsx')),
      },
    ],
  },
  {
    zh: '数据',
    en: 'Data',
    pages: [
      {
        path: '/streams',
        zh: '归集',
        en: 'Collection',
        needs: 'streams:read',
        lazy: page(() => import('./pages/collection/streams.tsx')),
      },
      {
        path: '/declarations',
        zh: '声明',
        en: 'Declarations',
        needs: 'streams:read',
        lazy: page(() => import('./pages/collection/declarations.tsx')),
      },
      {
        path: '/rejects',
        zh: '问题数据',
        en: 'Rejects',
        needs: 'rejects:read',
        lazy: page(() => import('./pages/collection/rejects.tsx')),
      },
      {
        path: '/certificates',
        zh: '证照',
        en: 'Certificates',
        needs: 'certificates:read',
        lazy: page(() => import('./pages/library/certificates.tsx')),
      },
      {
        path: '/catalog',
        zh: '目录',
        en: 'Catalog',
        needs: 'catalog:read',
        lazy: page(() => import('./pages/library/catalog.tsx')),
      },
    ],
  },
  {
    zh: '用证',
    en: 'Use',
    pages: [
      {
        path: '/use',
        zh: '试调用',
        en: 'Trial call',
        needs: 'certificates:use',
        lazy: page(() => import('./pages/sharing/use.tsx')),
      },
      {
        path: '/share-catalog',
        zh: '共享目录',
        en: 'Shared types',
        needs: 'sharing:read',
        lazy: page(() => import('./pages/sharing/share-catalog.tsx')),
      },
      {
        path: '/usage-lists',
        zh: '用证清单',
        en: 'Lists of uses',
        needs: 'sharing:read',
        lazy: page(() => import('./pages/sharing/usage-lists.tsx')),
      },
      {
        path: '/grants',
        zh: '用证授权',
        en: 'Grants',
        needs: 'sharing:read',
        lazy: page(() => import('./pages/sharing/grants.tsx')),
      },
      {
        path: '/uses',
        zh: '用证日志',
        en: 'Log of uses',
        needs: 'uses:read',
        lazy: page(() => import('./pages/sharing/uses.tsx')),
      },
      {
        path: '/use-figures',
        zh: '用证监测',
        en: 'Use watched',
        needs: 'uses:read',
        lazy: page(() => import('./pages/sharing/use-figures.tsx')),
      },
    ],
  },
  {
    zh: '配置',
    en: 'Setup',
    pages: [
      {
        path: '/rules',
        zh: '规则',
        en: 'Rules',
        needs: 'rules:read',
        lazy: page(() => import('./pages/ledger/rules.tsx')),
      },
      {
        path: '/calendar',
        zh: '日历',
        en: 'Calendar',
        needs: 'calendar:read',
        lazy: page(() => import('./pages/ledger/calendar.tsx')),
      },
      {
        path: '/accounts',
        zh: '单位与账号',
        en: 'Units and accounts',
        needs: 'contacts:read',
        lazy: page(() => import('./pages/console/accounts.tsx')),
      },
    ],
  },
  {
    zh: '运行',
    en: 'Operation',
    pages: [
      {
        path: '/operation',
        zh: '运行',
        en: 'Operation',
        needs: 'operation:read',
        lazy: page(() => import('./pages/console/operation.tsx')),
      },
      {
        path: '/audit',
        zh: '审计',
        en: 'Audit',
        needs: 'audit:read',
        lazy: page(() => import('./pages/console/audit.tsx')),
      },
    ],
  },
];
