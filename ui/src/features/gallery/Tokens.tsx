import { useEffect, useRef, useState } from "react";

import { contrast, PAIRS, parseOklch } from "@/kit/contrast";

interface Measured {
  text: string;
  ground: string;
  ratio: number;
}

/** Every pair of text and ground as it looks, with the contrast of the colours that the page really has. */
export function Tokens() {
  const place = useRef<HTMLDivElement>(null);
  const [measured, setMeasured] = useState<Measured[]>([]);
  useEffect(() => {
    if (place.current === null) return;
    const style = getComputedStyle(place.current);
    setMeasured(
      PAIRS.flatMap(([text, ground]) => {
        const [front, back] = [text, ground].map((token) => parseOklch(style.getPropertyValue(`--${token}`)));
        return front === undefined || back === undefined ? [] : [{ text, ground, ratio: contrast(front, back) }];
      }),
    );
  }, []);
  return (
    <div ref={place} className="grid grid-cols-[repeat(auto-fill,minmax(9.5rem,1fr))] gap-1.5">
      {measured.map(({ text, ground, ratio }) => (
        <div key={text + ground} className="rounded-base border px-2 py-1.5" style={{ background: `var(--${ground})`, color: `var(--${text})` }}>
          <span className="block truncate text-small font-medium">{text}</span>
          <span className="block truncate text-tiny">on {ground} · {ratio.toFixed(1)}</span>
        </div>
      ))}
    </div>
  );
}
