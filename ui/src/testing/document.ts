//! What a browser has and the tests' document has not. To be imported first: some of it is looked up on loading.

import { configure } from "@testing-library/react";

// Nobody waits that long but a test that fails, or a machine with much else to do.
configure({ asyncUtilTimeout: 15_000 });

globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
globalThis.matchMedia ??= (query: string) => ({ matches: false, media: query, onchange: null, addEventListener: () => undefined, removeEventListener: () => undefined, addListener: () => undefined, removeListener: () => undefined, dispatchEvent: () => false });
Element.prototype.scrollIntoView = () => undefined;
Element.prototype.hasPointerCapture = () => false;
globalThis.CSS ??= { escape: (text: string) => text.replace(/[^\w-]/g, "\\$&") } as typeof CSS;
globalThis.scrollTo = () => undefined;
URL.createObjectURL ??= () => "blob:test";
URL.revokeObjectURL ??= () => undefined;
