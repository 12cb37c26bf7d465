// Stops the clock of the process at one time, which it is asked for without arguments. Timers go on: they do not ask it.
'use strict';
const Real = globalThis.Date;
const at = Number(process.env.FISHPLATE_AT);
const stopped = new Proxy(Real, {
  construct: (target, given, made) => Reflect.construct(target, given.length > 0 ? given : [at], made === stopped ? target : made),
  apply: () => new Real(at).toString(),
  get: (target, key) => (key === 'now' ? () => at : Reflect.get(target, key)),
});
Object.defineProperty(Real.prototype, 'constructor', { value: stopped, writable: true, configurable: true });
globalThis.Date = stopped;
