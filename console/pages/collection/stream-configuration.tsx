import { Alert } from 'antd';
import type { StreamDetail } from '../../../server/api/collection/stream.ts';
import { useLanguage } from '../../language.tsx';
import { Section } from '../../parts/page.tsx';

/** What a stream’s configuration says, in words and as it is in force. */
export function Configuration({ configuration }: { configuration: NonNullable<StreamDetail['configuration']> }) {
  const { say, name } = useLanguage();
  return (
    <Section
      title={say('配置', 'Configuration')}
      extra={<span className="quiet">{`${configuration.connector} (${configuration.kind})`}</span>}
    >
      {configuration.fault !== null && <Alert className="late-bar" type="error" showIcon title={configuration.fault} />}
      {configuration.parts.map(({ title, lines }) => (
        <div key={title.en}>
          <h3 className="part-title">{name(title)}</h3>
          <ul className="part-lines">
            {lines.map((line) => (
              <li key={line.en}>{name(line)}</li>
            ))}
          </ul>
        </div>
      ))}
      <details>
        <summary>{say('生效的设置（密钥只列出处）', 'Settings in force; of secrets only where they are')}</summary>
        <pre className="settings">{configuration.settings}</pre>
      </details>
    </Section>
  );
}
