//! What n8n has and what is not here yet: what it will come as, and what does its work until then.

export interface Later {
  /** What the service is called. */
  readonly name: string;
  readonly comes: string;
  /** Node types that do its work meanwhile, by id. */
  readonly meanwhile: readonly string[];
}

const AS_CONNECTOR = "Services of vendors come as connectors, in a later release";
const AS_AI = "AI nodes come with the AI area, in a later release";

/** Services whose work something here does already, besides calling their API. */
const SERVICES: readonly { readonly names: readonly string[]; readonly title: string; readonly meanwhile: readonly string[] }[] = [
  { names: ["gmail", "googlemail"], title: "Gmail", meanwhile: ["mail.send", "mail.trigger", "http.request"] },
  { names: ["outlook", "microsoftoutlook", "office365"], title: "Outlook", meanwhile: ["mail.send", "mail.trigger", "http.request"] },
  { names: ["sendgrid", "mailgun", "mailjet", "postmark"], title: "Mail services", meanwhile: ["mail.send", "http.request"] },
  { names: ["googlesheets", "airtable", "nocodb", "baserow", "notion", "excel365", "microsoftexcel"], title: "Tables of other services", meanwhile: ["data.table", "http.request"] },
  { names: ["supabase", "timescaledb", "questdb", "cockroachdb"], title: "Databases that speak PostgreSQL", meanwhile: ["db.postgres"] },
  { names: ["mongodb"], title: "MongoDB", meanwhile: ["http.request", "db.postgres", "data.table"] },
  { names: ["kafka"], title: "Kafka", meanwhile: ["nats.publish", "rabbitmq.send", "mqtt.publish"] },
  { names: ["googledrive", "dropbox", "onedrive", "nextcloud", "box"], title: "Files of other services", meanwhile: ["files.s3", "files.ftp", "http.request"] },
  { names: ["github", "gitlab", "bitbucket"], title: "Git hosts", meanwhile: ["shell.git", "http.request", "http.webhook"] },
  { names: ["slack", "telegram", "discord", "microsoftteams", "whatsapp", "mattermost", "twilio"], title: "Messengers", meanwhile: ["http.request", "http.webhook"] },
  { names: ["hubspot", "salesforce", "pipedrive", "stripe", "shopify", "jira", "trello", "asana", "clickup", "linkedin", "twitter", "facebook", "youtube", "wordpress", "googlecalendar", "calendly", "typeform", "zendesk", "todoist", "zoom", "woocommerce"], title: "This service", meanwhile: ["http.request", "http.webhook"] },
];

const AI = /^(ai|llm|gpt|chat ?gpt|openai|open ai|anthropic|claude|gemini|ollama|mistral|agent|ai agent|langchain|chat ?model|chat ?trigger|embeddings?|vector ?store|pinecone|qdrant|memory buffer|tool|mcp|perplexity|deepseek|groq)\b/i;

/** What comes later that was meant by a text which somebody searches by. */
export function laterFor(wanted: string): Later | undefined {
  const text = wanted.trim().toLowerCase();
  const plain = text.replace(/[^a-z0-9]/g, "");
  if (plain.length < 2) return undefined;
  if (AI.test(text)) return { name: "AI nodes", comes: AS_AI, meanwhile: ["http.request", "core.code"] };
  // Half of a name is enough, when it is not the half of many.
  const found = plain.length < 4 ? undefined : SERVICES.find((service) => service.names.some((name) => name.startsWith(plain) || plain.startsWith(name)));
  return found && { name: found.title, comes: AS_CONNECTOR, meanwhile: found.meanwhile };
}

/** The n8n type that a placeholder on the canvas stands for. */
export function placeholderOf(type: string): string | undefined {
  return type.startsWith("n8n.") ? type.slice("n8n.".length) : undefined;
}

/** How n8n calls families of types whose ids have the family in front. */
const TURNED: readonly (readonly [RegExp, string])[] = [[/^lmChat(.+)$/, "$1 Chat Model"], [/^lm(?=[A-Z])(.+)$/, "$1 Model"], [/^embeddings(.+)$/, "Embeddings $1"], [/^vectorStore(.+)$/, "$1 Vector Store"], [/^outputParser(.+)$/, "$1 Output Parser"], [/^tool(?=[A-Z])(.+)$/, "$1 Tool"], [/^memory(.+)$/, "$1 Memory"], [/^chain(.+)$/, "$1 Chain"], [/^textSplitter(.+)$/, "$1 Text Splitter"], [/^retriever(.+)$/, "$1 Retriever"]];

/** `n8n-nodes-base.googleSheets` as a person calls it: `Google Sheets`. */
export function titleOf(n8n: string): string {
  const id = n8n.slice(n8n.lastIndexOf(".") + 1);
  const [from, to] = TURNED.find(([pattern]) => pattern.test(id)) ?? [/^(.*)$/, "$1"];
  const words = id.replace(from, to).replace(/([a-z0-9])([A-Z])/g, "$1 $2");
  return words.replace(/^./, (first) => first.toUpperCase()).replace(/\bOpen Ai\b/, "OpenAI").replace(/\b(Llm|Mcp|Ai|Http|Pdf|Sql)\b/g, (word) => word.toUpperCase());
}

/** What becomes of a node that has no type here, and what to do about it. */
export function laterForType(n8n: string): Later {
  const title = titleOf(n8n);
  if (/langchain/i.test(n8n) || AI.test(title)) return { name: title, comes: AS_AI, meanwhile: ["http.request", "core.code"] };
  const plain = title.toLowerCase().replace(/[^a-z0-9]/g, "").replace(/(trigger|tool)$/, "");
  const found = SERVICES.find((service) => service.names.some((name) => plain.startsWith(name)));
  if (found) return { name: title, comes: AS_CONNECTOR, meanwhile: /trigger$/i.test(n8n) ? ["http.webhook", "core.schedule"] : found.meanwhile };
  const community = !/^(n8n-nodes-base|@n8n\/)/.test(n8n);
  return { name: title, comes: community ? "It is a node of n8n's community, which no release here promises" : AS_CONNECTOR, meanwhile: /trigger$/i.test(n8n) ? ["http.webhook", "core.schedule"] : ["http.request"] };
}
