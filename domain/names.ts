/**
 * Names that come in from outside and that a program takes for something else when they become properties. Written as
 * steps of a path (`__proto__.x`, `constructor.prototype.x`) they would reach what all objects share; one upload could
 * change how the whole hub works. They are refused wherever a path or a key is read from a file, a source or a form.
 */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export const isReserved = (name: string): boolean => RESERVED.has(name);

/** Whether one step of a path such as `data.list` is reserved. */
export const hasReservedStep = (path: string): boolean => path.split('.').some(isReserved);

/** What an object itself says under a name, whatever the name: never what it has from its prototype. */
export const ownValue = <T>(of: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined;
