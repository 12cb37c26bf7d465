import { Activity, BookOpen, Braces, Cable, Handshake, House, Hourglass, KeyRound, Plug, Scale, ScrollText, Settings, Table2, Users, Variable, Vault, Workflow, type LucideIcon } from "lucide-react";

import { paths } from "@/paths";

export interface Place {
  name: string;
  to: string;
  icon: LucideIcon;
  /** Keys after `g`. */
  key?: string;
  /** Words by which people search it too. */
  also: string;
}

/** The navigation, in the order in which a day goes. */
export const PLACES: { name: string | null; places: Place[] }[] = [
  {
    name: null,
    places: [
      { name: "Home", to: paths.home, icon: House, key: "h", also: "dashboard overview start" },
      { name: "Workflows", to: paths.workflows, icon: Workflow, key: "w", also: "flows automations editor" },
      { name: "Runs", to: paths.runs, icon: Activity, key: "r", also: "executions history log" },
      { name: "Waiting", to: paths.waiting, icon: Hourglass, key: "d", also: "dead letters redrive held approvals failed" },
    ],
  },
  {
    name: "Configure",
    places: [
      { name: "Connections", to: paths.connections, icon: Plug, key: "c", also: "credentials accounts secrets" },
      { name: "Variables", to: paths.variables, icon: Variable, key: "v", also: "constants environment" },
      { name: "Data", to: paths.data, icon: Table2, key: "t", also: "tables rows database store csv" },
    ],
  },
  {
    name: "Registers",
    places: [
      { name: "Integrations", to: paths.integrations, icon: Cable, key: "i", also: "services outside hosts health quota faults" },
      { name: "Vendors", to: paths.vendors, icon: Handshake, key: "n", also: "contracts renewal notice cost sla scorecard exit plan suppliers" },
      { name: "Evaluations", to: paths.evaluations, icon: Scale, key: "l", also: "choose compare criteria candidates ranking" },
      { name: "Secrets", to: paths.secrets, icon: Vault, key: "k", also: "inventory stale expiring unused rotation keys" },
    ],
  },
  {
    name: "Govern",
    places: [
      { name: "People", to: paths.people, icon: Users, key: "p", also: "users roles invite sign-in providers oidc sso" },
      { name: "Access", to: paths.access, icon: KeyRound, key: "a", also: "tokens programs scopes" },
      { name: "Audit", to: paths.audit, icon: ScrollText, also: "log changes who" },
      { name: "Settings", to: paths.settings, icon: Settings, key: "s", also: "configuration egress backup" },
    ],
  },
  {
    name: "Learn",
    places: [
      { name: "API", to: paths.reference, icon: Braces, also: "openapi rest reference" },
      { name: "Help", to: paths.help, icon: BookOpen, also: "docs guide keyboard shortcuts" },
    ],
  },
];
