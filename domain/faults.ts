const AGAIN = '无需操作，系统会自动重试；若持续出现请联系该单位';
const NEW_FILE = '请该单位重新提供该文件';

/**
 * What people read in Chinese of a source’s fault, by its code (`HubError.code`): what it is, and how it is mended. The message of
 * the error names the place and what was found there.
 */
export const FAULTS: Readonly<Record<string, { what: string; cure: string }>> = {
  // The way to the source
  'source-away': { what: '连不上源端', cure: AGAIN },
  'source-timeout': { what: '源端未在限定时间内答复', cure: AGAIN },
  'source-failing': { what: '源端内部出错', cure: AGAIN },
  'rate-limited': { what: '源端限制了访问频率', cure: AGAIN },
  'outside-hours': {
    what: '不在源端允许访问的时段',
    cure: '无需操作，到开放时段自动继续；时段见连接器文件的 hours 和 maintenance',
  },
  'address-invalid': { what: '源端地址无效', cure: '修正连接器文件中的地址' },
  'foreign-address': { what: '下一页指向了另一个系统', cure: '向该单位索取对外地址，写入 baseUrl' },
  'host-key': { what: '服务器指纹未配置或不符', cure: '先向该单位核实服务器是否更换，再修改 hostKey' },
  'driver-missing': { what: '缺少该数据库的驱动程序', cure: '安装提示中的驱动包后重试' },
  // What the source allows
  unauthorised: { what: '源端拒绝了凭据', cure: '核对连接器引用的用户、口令或密钥，以及该单位授予的权限' },
  'token-refused': { what: '源端不认刚签发的令牌', cure: AGAIN },
  'request-refused': { what: '源端不接受这个请求', cure: '核对连接器文件中的路径、方法、查询和请求内容' },
  'source-refused': { what: '源端以错误码答复', cure: '按接口手册查该错误码；系统会继续重试' },
  signing: { what: '请求签名失败', cure: '核对密钥的长度和编码，以及签名步骤的输入' },
  'template-name': { what: '模板引用了不存在的名称', cure: '修正名称，或在 auth.values、auth.steps 中补上' },
  // What it answers
  'empty-body': { what: '源端的答复没有内容', cure: AGAIN },
  'broken-body': { what: '源端的答复不完整或不是 JSON', cure: AGAIN },
  'answer-shape': { what: '答复中没有配置所指的字段', cure: '按答复的实际字段修正配置中的路径' },
  'page-too-large': { what: '一页数据超过上限', cure: '减小 page.size，或调大 maxPage' },
  'repeated-page': { what: '源端重复返回同一页', cure: '若持续出现，核对分页参数（path、page.first）' },
  'short-page': { what: '一页的记录少于源端所称', cure: AGAIN },
  'list-short': { what: '清单条目少于源端所称', cure: AGAIN },
  'source-moved': { what: '读取期间源端数据有变动', cure: '无需操作，该时段会重新读取' },
  'source-contract': { what: '源端字段发生了变化', cure: '修正字段映射，或放宽 contract 中对应的处置方式' },
  'too-many-rejects': {
    what: '问题数据比例过高，已停止入库',
    cure: '预览数据并修正映射；确属源端问题的，可调整 rejects 上限',
  },
  'mapping-refuses-all': { what: '样本中没有一条记录能通过映射', cure: '用“预览”查看原因，并修正映射' },
  'no-batch': { what: '源端现在没有可看的批次', cure: '等源端交付后再试' },
  'not-asked': { what: '该数据由对方推送，不能主动读取', cure: '等对方推送，或请对方补推' },
  'read-otherwise': { what: '数据流改了读取方式，原先安排的读取已中止', cure: '在控制台恢复该数据流，系统会重新安排' },
  // Files
  'folder-missing': { what: '目录不存在或无权读取', cure: '修正地址中的目录，或请该单位授权' },
  'file-missing': { what: '文件不存在或无法读取', cure: '核对文件名和读取权限' },
  'file-gone': { what: '文件已被移走或内容已变', cure: '放回原文件；没有的，向该单位索取' },
  'file-incomplete': { what: '文件尚未传完', cure: AGAIN },
  'file-broken': { what: '文件损坏或格式有误', cure: NEW_FILE },
  'file-kind': { what: '不支持这种文件', cure: '另存为支持的格式' },
  'file-columns': { what: '文件的列名不对', cure: '按数据源的字段名修改列名' },
  'file-format': { what: '从文件名看不出格式', cure: '另存为 csv、xlsx、xls 或 jsonl' },
  'file-elsewhere': { what: '文件地址不在该单位的接口上', cure: '请该单位提供其接口上的地址；凭据不会发往别处' },
  'file-too-large': { what: '文件超过大小上限', cure: '请该单位改用 csv 或拆分文件，或调大 maxFile' },
  // The hub
  'stream-paused': { what: '数据流已暂停', cure: '排除暂停原因后恢复' },
};
