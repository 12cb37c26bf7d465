/** A sentence in which code stands between backticks, as the server and our own words have it. */
export function Said({ text }: { readonly text: string }) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
