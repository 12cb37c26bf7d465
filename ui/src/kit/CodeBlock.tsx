import { Code } from "./Prose";
import { CopyButton } from "./CopyButton";

/** Code with its name and a button that copies it. */
export function CodeBlock({ text, label }: { text: string; label: string }) {
  return (
    <div className="relative">
      <Code text={text} label={label} />
      <div className="absolute top-1.5 right-1.5 rounded-base bg-sunken"><CopyButton text={text} name={`Copy ${label.toLowerCase()}`} /></div>
    </div>
  );
}
