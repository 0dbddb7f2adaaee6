import './polyfills.ts';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App, ConfigProvider, type ThemeConfig } from 'antd';
import english from 'antd/locale/en_US';
import chinese from 'antd/locale/zh_CN';
import 'dayjs/locale/zh-cn';
import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { RequestFailed, asked } from './api.ts';
import { LanguageProvider, useLanguage } from './language.tsx';
import { Waiting } from './parts/states.tsx';
import { isOpen, router } from './routes.tsx';
import { SessionGate } from './session.tsx';
import './console.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the hub refuses, it refuses again.
      retry: (failures, error) =>
        failures < 2 && error instanceof RequestFailed && (error.status === 0 || error.status >= 500),
    },
  },
});

// The first page’s numbers need not wait until it is known who asks.
if (location.pathname === '/') client.query(asked('/overview')).catch(() => undefined); // the page asks again, and says why not

/** Quiet texts are dark enough to be read (WCAG AA). */
const QUIET = '#595959';
const THEME: ThemeConfig = {
  token: {
    colorPrimary: '#0b5cad',
    colorLink: '#0b5cad',
    borderRadius: 4,
    fontSize: 14,
    motion: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    colorTextTertiary: QUIET,
    colorTextDescription: QUIET,
    colorTextPlaceholder: '#6b6b6b',
  },
};

function Console() {
  const { language } = useLanguage();
  return (
    <ConfigProvider locale={language === 'zh' ? chinese : english} theme={THEME} button={{ autoInsertSpace: false }}>
      <App>
        <Suspense fallback={<Waiting />}>
          {isOpen(location.pathname) ? (
            <RouterProvider router={router} />
          ) : (
            <SessionGate>
              <RouterProvider router={router} />
            </SessionGate>
          )}
        </Suspense>
      </App>
    </ConfigProvider>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <LanguageProvider>
        <QueryClientProvider client={client}>
          <Console />
        </QueryClientProvider>
      </LanguageProvider>
    </StrictMode>,
  );
