/** The template that a newcomer tries, and what comes in on its first run. */
export const EXAMPLE = { name: "greeting", input: [{ json: { body: { name: "Ada" } } }] };
