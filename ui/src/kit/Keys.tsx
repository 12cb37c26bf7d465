/** Keys as they are printed on the keyboard in front of the user. `Mod` is Command on a Mac and Control elsewhere. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="inline-flex gap-0.5 font-sans">
      {keys.split("+").map((key) => (
        <kbd key={key} className="rounded-small border border-current/30 px-1 text-tiny leading-4">
          {printed(key)}
        </kbd>
      ))}
    </span>
  );
}

const mac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** What stands on a key. */
export function printed(key: string): string {
  const special: Record<string, string> = { Mod: mac ? "⌘" : "Ctrl", Shift: mac ? "⇧" : "Shift", Enter: "↵", Alt: mac ? "⌥" : "Alt" };
  return special[key] ?? key;
}
