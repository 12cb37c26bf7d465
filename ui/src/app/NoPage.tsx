import { Link } from "@tanstack/react-router";
import { useEffect } from "react";

import { Empty } from "@/kit/States";

/** An address that leads nowhere. */
export function NoPage() {
  useEffect(() => {
    document.title = "Nothing here · Fishplate";
  }, []);
  return (
    <main className="grid min-h-dvh place-items-center">
      <Empty title="There is nothing at this address" action={<Link to="/" className="inline-flex h-8 items-center rounded-base bg-accent px-3 font-medium text-accent-ink hover:brightness-110">Go home</Link>}>
        It may have been renamed or deleted, or the link was cut short.
      </Empty>
    </main>
  );
}
