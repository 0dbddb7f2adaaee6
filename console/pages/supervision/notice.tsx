import { Button } from 'antd';
import { Link, useParams } from 'react-router';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { PageLayout } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';

/** The texts of a notice, out of the document as it was given (domain/supervision/notice.ts). */
function textsOf(html: string) {
  const page = new DOMParser().parseFromString(html, 'text/html');
  const text = (selector: string): string => page.querySelector(selector)?.textContent ?? '';
  const lines = (selector: string): string[] =>
    Array.from(page.querySelector(selector)?.childNodes ?? [], ({ textContent }) => textContent ?? '').filter(Boolean);
  return {
    management: text('header strong'),
    number: lines('header').at(-1) ?? '',
    title: text('h1'),
    to: text('p.to'),
    paragraphs: Array.from(page.querySelectorAll('p:not(.to)'), ({ textContent }) => textContent),
    signed: lines('footer'),
  };
}

/** A notice or letter (书面通报, 督办函) as a document: on the screen as it is on paper. */
export default function Notice() {
  const { say } = useLanguage();
  const { id = '' } = useParams();
  const { data, error, refetch } = useGet('/notices/:id', { params: { id } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const { management, number, title, to, paragraphs, signed } = textsOf(data.document);
  return (
    <>
      <div className="notice-head">
        <PageLayout
          title={`${say('文书', 'Notice')} ${data.number}`}
          note={
            <Link to={`/supervision/${data.finding}`}>{say(`问题 ${data.finding}`, `Finding ${data.finding}`)}</Link>
          }
          actions={
            <Button type="primary" onClick={() => print()}>
              {say('打印', 'Print')}
            </Button>
          }
        >
          {null}
        </PageLayout>
      </div>
      <article className="notice" lang="zh-CN">
        <header>
          <strong>{management}</strong>
          <span>{number}</span>
        </header>
        <h2>{title}</h2>
        <p className="notice-to">{to}</p>
        {paragraphs.map((paragraph, index) => (
          <p key={index}>{paragraph}</p>
        ))}
        <footer>
          {signed.map((line) => (
            <span key={line}>{line}</span>
          ))}
        </footer>
      </article>
    </>
  );
}
