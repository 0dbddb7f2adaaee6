/**
 * Imported first by every program and thread of the hub: from here on nothing can be added to what all objects share,
 * so that a name from outside which slipped through every check (`domain/names.ts`) fails where it is used instead of
 * changing objects elsewhere. `./hub` starts Node with `--disable-proto=delete` as well; this holds however it was started.
 */
delete (Object.prototype as { __proto__?: unknown }).__proto__;
for (const shared of [Object, Array, Function, String, Number, Boolean, RegExp, Date, Error, Map, Set, Promise])
  Object.preventExtensions(shared.prototype as object);
