//! The editor's keys, in one list: what the handler obeys is what the help shows.

export interface Key {
  readonly keys: string;
  readonly act: string;
  readonly label: string;
}

export const KEYS: readonly Key[] = [
  { keys: "n", act: "add", label: "Add a node (after the selected one)" },
  { keys: "Enter", act: "open", label: "Open the selected node" },
  { keys: "F2", act: "open", label: "Open the selected node" },
  { keys: "o", act: "peek", label: "Look into the workflow that the selected node calls" },
  { keys: "Delete", act: "remove", label: "Remove what is selected" },
  { keys: "Backspace", act: "remove", label: "Remove what is selected" },
  { keys: "Mod+z", act: "undo", label: "Undo" },
  { keys: "Mod+Shift+z", act: "redo", label: "Redo" },
  { keys: "Mod+y", act: "redo", label: "Redo" },
  { keys: "Mod+a", act: "all", label: "Select everything" },
  { keys: "Mod+d", act: "duplicate", label: "Duplicate what is selected" },
  { keys: "d", act: "disable", label: "Disable or enable what is selected" },
  { keys: "p", act: "pin", label: "Pin or unpin the output" },
  { keys: "Mod+Enter", act: "run", label: "Run the whole workflow" },
  { keys: "Mod+f", act: "find", label: "Find in the workflow" },
  { keys: "Mod+s", act: "save", label: "Save the draft now" },
  { keys: "Shift+t", act: "tidy", label: "Tidy up the layout" },
  { keys: "Shift+s", act: "note", label: "Add a note" },
  { keys: "Mod+g", act: "group", label: "Group what is selected" },
  { keys: "]", act: "next", label: "Select the node that follows" },
  { keys: "[", act: "previous", label: "Select the node before" },
];

interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

export function actOf(event: Pressed): string | undefined {
  if (event.altKey) return undefined;
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // Shift is part of a sign such as `]` on some keyboards, and counts for letters only.
  const shift = event.shiftKey && (/^[a-z]$/.test(letter) || letter.length > 1);
  const pressed = `${event.ctrlKey || event.metaKey ? "Mod+" : ""}${shift ? "Shift+" : ""}${letter}`;
  return KEYS.find((key) => key.keys === pressed)?.act;
}
