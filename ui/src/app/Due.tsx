import { plural } from "@/kit/times";
import { paths } from "@/paths";
import { useVendorRegister } from "@/resource/renewals";

/** How much of a place waits for somebody, beside its name in the navigation. */
export function Due({ at }: { at: string }) {
  return at === paths.vendors ? <DueVendors /> : null;
}

function DueVendors() {
  const count = useVendorRegister().data?.dueCount ?? 0;
  if (count === 0) return null;
  return (
    <span className="ml-auto rounded-full bg-wait-soft px-1.5 text-tiny font-medium text-wait tabular-nums">
      <span aria-hidden>{count}</span>
      <span className="sr-only">{`${plural(count, "contract")} to decide about`}</span>
    </span>
  );
}
