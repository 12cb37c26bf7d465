import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { Button, IconButton, type ButtonProps } from "./Button";
import { copy } from "./copy";

/** How long it says that it is done. */
const SAID = 2_000;

/** Copies a text, and says so where one looks. Without words it is a picture with a name. */
export function CopyButton({ text, name, children, look }: { text: string; name: string; children?: string; look?: ButtonProps["look"] }) {
  const [came, setCame] = useState<"copied" | "refused" | null>(null);
  useEffect(() => {
    if (came === null) return undefined;
    const timer = setTimeout(() => { setCame(null); }, SAID);
    return () => { clearTimeout(timer); };
  }, [came]);
  const act = (): void => { void copy(text).then((done) => { setCame(done ? "copied" : "refused"); }); };
  const icon = came === "copied" ? <Check size={14} className="text-good" /> : <Copy size={14} />;
  const said = came === "copied" ? "Copied" : came === "refused" ? "Not allowed here: mark and copy it by hand" : undefined;
  return (
    <>
      {children === undefined ? <IconButton name={said ?? name} icon={icon} onClick={act} /> : <Button look={look ?? "plain"} icon={icon} onClick={act}>{said ?? children}</Button>}
      <span role="status" className="sr-only">{said}</span>
    </>
  );
}
