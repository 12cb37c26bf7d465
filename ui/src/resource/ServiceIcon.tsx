import { clsx } from "clsx";
import { Plug } from "lucide-react";
import { useState } from "react";

/** Connectors without a picture, as far as they were asked for: nobody asks for them twice. */
const without = new Set<string>();

interface Props {
  /** Name of the connector; without one, a sign for any service. */
  connector?: string | null | undefined;
  /** What the service is called, for the letter that stands in for a picture. */
  title: string;
  className?: string;
}

/**
 * The picture of a service on a light tile, which marks of every colour can be seen on. It is loaded as a picture and
 * never becomes a part of the page: what is in the file runs nothing. Its size is fixed, so that nothing moves when it
 * comes.
 */
export function ServiceIcon({ connector, title, className }: Props) {
  const [, setMissing] = useState(false);
  const isKnown = connector != null && connector !== "";
  const isDrawn = isKnown && !without.has(connector);
  return (
    <span aria-hidden className={clsx("grid size-7 shrink-0 place-items-center overflow-hidden rounded-base", isDrawn ? "bg-tile ring-1 ring-line ring-inset dark:ring-transparent" : "bg-sunken text-ink-soft", className)}>
      {isDrawn ? (
        <img
          key={connector}
          src={`/api/v1/connectors/${encodeURIComponent(connector)}/icon`}
          alt=""
          width={18}
          height={18}
          loading="lazy"
          decoding="async"
          draggable={false}
          onError={() => {
            without.add(connector);
            setMissing(true);
          }}
        />
      ) : isKnown ? (
        <span className="text-small font-semibold uppercase">{title.trim().charAt(0) || "?"}</span>
      ) : (
        <Plug size={15} />
      )}
    </span>
  );
}
