import { Button } from 'antd';
import { useState } from 'react';
import { Link, NavLink, Outlet } from 'react-router';
import { ROLES } from '../domain/access.ts';
import { send, useSend } from './api.ts';
import { useLanguage } from './language.tsx';
import { LiveProvider, LiveStrip, OverdueNotice } from './live.tsx';
import { LanguageSwitch } from './parts/language-switch.tsx';
import { MENU } from './menu.ts';
import { useSession } from './session.tsx';

/** What is around every page: the menu, who is signed in, the city. Plain HTML, for it is what is waited for first. */
export function Frame() {
  const { say, name } = useLanguage();
  const session = useSession();
  const [open, setOpen] = useState(false);
  const signOut = useSend(() => send('DELETE', '/session'));
  const role = `${name(ROLES[session.role])}${session.unitName === null ? '' : ` · ${session.unitName}`}`;
  return (
    <LiveProvider>
      <div className="frame">
        <a className="skip" href="#content">
          {say('跳到内容', 'Skip to the content')}
        </a>
        <header className="frame-header">
          <Button type="text" className="frame-open" aria-expanded={open} onClick={() => setOpen(!open)}>
            ☰ {say('菜单', 'Menu')}
          </Button>
          <Link to="/" className="frame-title">
            {say('电子证照枢纽', 'Certificate hub')}
            <span className="frame-city">{session.hub.city}</span>
          </Link>
          <LiveStrip />
          <LanguageSwitch />
          <Link to="/me" className="frame-me" title={role}>
            {session.name} <span className="quiet">{role}</span>
          </Link>
          <Button
            type="text"
            onClick={() => signOut.mutate(undefined, { onSettled: (answer) => location.assign(answer?.next ?? '/') })}
          >
            {say('退出登录', 'Sign out')}
          </Button>
        </header>
        <div className="frame-body">
          <Navigation open={open} close={() => setOpen(false)} />
          <main className="frame-content" id="content" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
        <OverdueNotice />
      </div>
    </LiveProvider>
  );
}

/** The pages that one may see; on narrow screens only while it is open. */
function Navigation({ open, close }: { open: boolean; close: () => void }) {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const groups = MENU.map((group) => ({ ...group, pages: group.pages.filter(({ needs }) => may(needs)) }));
  return (
    <nav className={`frame-menu${open ? ' frame-menu-open' : ''}`} aria-label={say('主菜单', 'Main menu')}>
      {groups
        .filter(({ pages }) => pages.length > 0)
        .map((group) => (
          <section key={group.en} aria-label={name(group)}>
            <div className="frame-group">{name(group)}</div>
            {group.pages.map((page) => (
              <NavLink key={page.path} to={page.path} end={page.path === '/'} className="frame-link" onClick={close}>
                {name(page)}
              </NavLink>
            ))}
          </section>
        ))}
    </nav>
  );
}
