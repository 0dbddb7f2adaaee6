import { Button } from 'antd';
import { useLanguage } from '../language.tsx';

/** Says the other language’s name in that language. */
export function LanguageSwitch() {
  const { language, choose } = useLanguage();
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <Button type="text" size="small" lang={other === 'en' ? 'en' : 'zh-CN'} onClick={() => choose(other)}>
      {other === 'en' ? 'English' : '中文'}
    </Button>
  );
}
