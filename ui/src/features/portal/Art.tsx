import { Webhook } from "lucide-react";

/** What stands above the words where nothing is: a page of the customer's own supplier shows no sign of ours. */
export function Art() {
  return <Webhook size={28} aria-hidden className="mb-1 text-ink-faint" />;
}
