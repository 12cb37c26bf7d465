//! The families that node types stand in where one is chosen, by what a person wants to do.

export const FAMILIES = ["Triggers", "Flow", "Items and fields", "Files and formats", "Dates, hashes, tokens", "Web", "Services", "Forms", "Databases", "Messages and mail", "Servers and files elsewhere", "This server", "As n8n once had them", "Others"] as const;
export type Family = (typeof FAMILIES)[number];

const BY_ID: Readonly<Record<string, Family>> = {
  "core.compression": "Files and formats", "core.convert-to-file": "Files and formats", "core.extract-from-file": "Files and formats", "core.edit-image": "Files and formats", "core.html": "Files and formats",
  "core.markdown": "Files and formats", "core.xml": "Files and formats", "core.read-write-file": "Files and formats",
  "core.date-time": "Dates, hashes, tokens", "core.crypto": "Dates, hashes, tokens", "core.jwt": "Dates, hashes, tokens", "core.totp": "Dates, hashes, tokens",
  "core.rss-read": "Web", "form.page": "Forms", "data.table": "Databases", "directory.ldap": "Databases",
  "core.fishplate": "This server", "core.execution-data": "This server", "core.debug-helper": "This server", "core.evaluation": "This server", "shell.command": "This server", "shell.git": "This server",
  "core.item-lists": "As n8n once had them", "core.spreadsheet-file": "As n8n once had them", "core.move-binary": "As n8n once had them",
};

const BY_AREA: Readonly<Record<string, Family>> = {
  http: "Web", webhook: "Web", db: "Databases", mail: "Messages and mail", mqtt: "Messages and mail", rabbitmq: "Messages and mail", nats: "Messages and mail", files: "Servers and files elsewhere", shell: "Servers and files elsewhere",
};

const BY_GROUP: Readonly<Record<string, Family>> = { trigger: "Triggers", flow: "Flow", transform: "Items and fields" };

export function familyOf(type: { readonly id: string; readonly group: string; readonly provider?: string }): Family {
  if (type.provider?.startsWith("connector:") === true) return "Services";
  if (type.group === "trigger") return "Triggers";
  return BY_ID[type.id] ?? BY_AREA[type.id.split(".")[0] ?? ""] ?? BY_GROUP[type.group] ?? "Others";
}
