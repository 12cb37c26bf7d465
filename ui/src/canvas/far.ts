//! From afar no text can be read, and hundreds of cards are in sight: they are drawn as boxes then.

export function isFar(state: { readonly transform: readonly [number, number, number] }): boolean {
  return state.transform[2] < 0.35;
}
