/** Code tables of the national standards, as far as the hub needs them. */

/** 持证主体代码类型 (GB/T 36903). */
export const HOLDER_CODE_TYPES: Readonly<Record<string, string>> = {
  '001': '统一社会信用代码',
  '099': '其他法人或其他组织有效证件',
  '111': '公民身份号码',
  '114': '解放军军官证',
  '115': '武警警官证',
  '118': '解放军士兵证',
  '119': '武警士兵证',
  '120': '解放军文职人员证',
  '122': '武警文职人员证',
  '411': '外交护照',
  '412': '公务护照',
  '413': '公务普通护照',
  '414': '普通护照',
  '511': '台湾居民来往大陆通行证',
  '516': '港澳居民来往内地通行证',
  '999': '其他自然人有效证件',
};

/** First two digits of an area code (GB/T 2260); 10 stands for the nation in credit codes of its organs. */
const PROVINCES: Readonly<Record<string, string>> = {
  10: '中央',
  11: '北京市',
  12: '天津市',
  13: '河北省',
  14: '山西省',
  15: '内蒙古自治区',
  21: '辽宁省',
  22: '吉林省',
  23: '黑龙江省',
  31: '上海市',
  32: '江苏省',
  33: '浙江省',
  34: '安徽省',
  35: '福建省',
  36: '江西省',
  37: '山东省',
  41: '河南省',
  42: '湖北省',
  43: '湖南省',
  44: '广东省',
  45: '广西壮族自治区',
  46: '海南省',
  50: '重庆市',
  51: '四川省',
  52: '贵州省',
  53: '云南省',
  54: '西藏自治区',
  61: '陕西省',
  62: '甘肃省',
  63: '青海省',
  64: '宁夏回族自治区',
  65: '新疆维吾尔自治区',
  71: '台湾省',
  81: '香港特别行政区',
  82: '澳门特别行政区',
  // Of residence permits (居住证) only, as 81 and 82 are there.
  83: '台湾省',
};

/** The cities and districts whose regulations the hub knows (GB/T 2260). */
const CITIES: Readonly<Record<string, string>> = {
  '320200': '无锡市',
  '411000': '许昌市',
  '330603': '绍兴市柯桥区',
  '150600': '鄂尔多斯市',
};

/**
 * Name of an area code (行政区划代码, GB/T 2260), six digits: the city where it is one of ours, else its province; null
 * for a code of no province. Counties are not looked up: codes of abolished ones live on in people's numbers.
 */
export function areaName(code: string): string | null {
  return /^\d{6}$/.test(code) ? (CITIES[code] ?? PROVINCES[code.slice(0, 2)] ?? null) : null;
}
