import { Link } from "@tanstack/react-router";

import { Empty } from "@/kit/States";

/** An address that leads nowhere. */
export function NoPage() {
  return (
    <Empty title="There is nothing at this address" action={<Link to="/" className="text-accent underline">Go home</Link>}>
      It may have been renamed or deleted, or the link was cut short.
    </Empty>
  );
}
