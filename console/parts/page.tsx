import type { ReactNode } from 'react';

/** A page: its heading, what can be done there, and its parts. */
export function PageLayout({
  title,
  note,
  actions,
  children,
}: {
  title: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <>
      <div className="page-head">
        <div>
          <h1 className="page-title">{title}</h1>
          {note !== undefined && <div className="page-note">{note}</div>}
        </div>
        {actions !== undefined && <div className="page-actions">{actions}</div>}
      </div>
      {children}
    </>
  );
}

/** A part of a page under a heading of its own. */
export function Section({ title, extra, children }: { title?: ReactNode; extra?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      {title !== undefined && (
        <div className="section-head">
          <h2 className="section-title">{title}</h2>
          {extra}
        </div>
      )}
      {children}
    </section>
  );
}
