/** The fields of a record, those that are filled. */
export function FieldList({ value }: { value: unknown }) {
  if (typeof value !== 'object' || value === null) return <code>{JSON.stringify(value)}</code>;
  return (
    <dl className="fields">
      {Object.entries(value)
        .filter(([, item]) => item !== null && item !== '')
        .map(([key, item]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{typeof item === 'string' ? item : JSON.stringify(item)}</dd>
          </div>
        ))}
    </dl>
  );
}
