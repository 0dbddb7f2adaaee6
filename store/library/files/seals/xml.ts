import sax from 'sax';

/** An element of XML by its local name; OFD has one namespace. */
export interface Element {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: Element[];
  text: string;
}

const MOST_DEPTH = 50;
const MOST_ELEMENTS = 50_000;
const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/**
 * Reads XML in UTF-8, as OFD has it. Throws where it is not well-formed, is too deep or too long, or brings a
 * DOCTYPE: its entities could grow without end.
 */
export function readXml(bytes: Buffer): Element {
  const parser = sax.parser(true);
  const document: Element = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [document];
  let elements = 0;
  parser.onopentag = ({ name, attributes }) => {
    elements += 1;
    if (open.length > MOST_DEPTH || elements > MOST_ELEMENTS) throw new Error('XML that is too deep or too long');
    const values = Object.entries(attributes).map(([key, value]) => [localName(key), String(value)] as const);
    const element: Element = { name: localName(name), attributes: new Map(values), children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  };
  parser.onclosetag = () => open.pop();
  const append = (text: string): void => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.ontext = append;
  parser.oncdata = append;
  parser.ondoctype = () => {
    throw new Error('XML with a DOCTYPE');
  };
  parser.onerror = (error) => {
    throw error;
  };
  parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).close();
  const [root, ...others] = document.children;
  if (!root || others.length > 0) throw new Error('XML without one root');
  return root;
}

/** Elements along a path of names below one. */
export function below(element: Element, ...[name, ...rest]: string[]): Element[] {
  if (name === undefined) return [element];
  return element.children.filter((child) => child.name === name).flatMap((child) => below(child, ...rest));
}

/** The one element along a path of names. Throws where there is none, or several: readers may then take another. */
export function only(element: Element, ...path: string[]): Element {
  const [found, ...others] = below(element, ...path);
  if (!found || others.length > 0) throw new Error(`XML without one ${path.join('/')}`);
  return found;
}
