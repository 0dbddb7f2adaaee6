import { INTERFACES, sharedFieldName, type Interface, type SharedField } from '../../domain/sharing/grant.ts';
import type { SharedTypeView } from '../../server/api/sharing/share-catalog.ts';
import { useGet } from '../api.ts';
import { useLanguage } from '../language.tsx';

/** The types of certificate that are shared, by their codes; none until they are there. */
export function useSharedTypes(): ReadonlyMap<string, SharedTypeView> {
  const { data } = useGet('/share-catalog');
  return new Map(data?.items.map((type) => [type.typeCode, type]));
}

/** A type of certificate by its name, its code below; by its code alone where it is not shared. */
export function SharedType({ code }: { code: string }) {
  const type = useSharedTypes().get(code);
  return type ? (
    <>
      {type.name}
      <div className="quiet code">{code}</div>
    </>
  ) : (
    <span className="code">{code}</span>
  );
}

/** What may be read of certificates of a type, and how they may be used. */
export function Extent({
  typeCode,
  fields,
  interfaces,
}: {
  typeCode: string;
  fields: readonly string[];
  interfaces: readonly Interface[];
}) {
  const { say, name } = useLanguage();
  const type = useSharedTypes().get(typeCode);
  const between = say('、', ', ');
  return (
    <span className="clip">
      <strong>{interfaces.map((each) => name(INTERFACES[each])).join(between)}</strong>{' '}
      <span className="quiet">
        {fields.map((field) => sharedFieldName(field as SharedField, type ? [type] : [])).join(between)}
      </span>
    </span>
  );
}
