import { Link } from "@tanstack/react-router";

import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Badge } from "@/kit/Status";
import { byUrgency, isDue, renewalText, renewalWord, useVendorRegister } from "@/resource/renewals";

/** Contracts about which somebody has to decide, the most urgent first. Without any there is nothing to say. */
export function RenewalsPanel() {
  const register = useVendorRegister();
  if (register.data === undefined ? register.error === null : register.data.items.every(({ renewal }) => !isDue(renewal))) return null;
  return (
    <Panel flush title="Contracts to decide about" actions={<Link to="/vendors" search={{}} className="text-accent hover:underline">All vendors</Link>}>
      <Loaded of={register} lines={2}>
        {({ items }) => (
          <ul className="divide-y">
            {items.filter(({ renewal }) => isDue(renewal)).sort(byUrgency).map((vendor) => {
              const { tone, word } = renewalWord(vendor.renewal);
              return (
                <li key={vendor.name}>
                  <Link to="/vendors/$name" params={{ name: vendor.name }} className="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-4 py-2 hover:bg-sunken">
                    <span className="min-w-0 flex-1 truncate font-medium">{vendor.title}</span>
                    {vendor.owner === "" ? null : <span className="text-small text-ink-faint">{vendor.owner}</span>}
                    <span className="text-small text-ink-soft">{renewalText(vendor.renewal)}</span>
                    <Badge tone={tone}>{word}</Badge>
                  </Link>
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
