/** Puts a text on the clipboard; whether it is there. A frame may not be allowed to: there the old way is tried. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  field.style.position = "fixed";
  field.style.opacity = "0";
  // Inside of a dialog, which keeps the focus to itself.
  (document.querySelector('[role="dialog"]') ?? document.body).append(field);
  field.select();
  try {
    // The one way in pages without the clipboard; browsers keep it for that.
    return (document.execCommand as ((command: string) => boolean) | undefined)?.call(document, "copy") === true;
  } finally {
    field.remove();
  }
}
