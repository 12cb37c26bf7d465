import { here, hooksOf } from "@/api/scope";
import type { GuideName } from "@/kit/guides";
import type { Block } from "@/kit/Prose";

export interface Guide {
  title: string;
  lead: string;
  sections: { title: string; blocks: Block[]; to?: { name: string; path: string; search?: Record<string, unknown> } }[];
}

const text = (words: string): Block => ({ kind: "text", text: words });
const points = (...all: string[]): Block[] => all.map((words) => ({ kind: "point", text: words }));
const code = (...lines: string[]): Block => ({ kind: "code", text: lines.join("\n") });

/** The guides, each short enough to be read while the page in question is open. */
export const TEXTS: Record<GuideName, Guide> = {
  "first-workflow": {
    title: "Your first workflow",
    lead: "A webhook that answers, drawn and live in a few minutes.",
    sections: [
      {
        title: "Draw it",
        blocks: [
          ...points(
            "Under **Workflows**, choose **New workflow**, and give it a name in small letters.",
            "In the editor, add a **Webhook** first: it is what begins a run. Give it a path, such as `hello`.",
            "Drag from the dot at its right side to add the next node, such as **Edit fields**.",
          ),
          text("The editor keeps a draft while you draw. Nobody else's calls meet it before you publish."),
        ],
        to: { name: "Go to the workflows", path: "/workflows" },
      },
      {
        title: "Try it",
        blocks: [
          text("Choose **Run**. Each node shows what came in and what went out, so you can take values from there into the next one."),
          text("To try a webhook with a real call, let the draft listen for one test event, and send it."),
        ],
      },
      {
        title: "Make it live",
        blocks: [
          text("**Publish** makes a revision of the draft. A revision does nothing before it is activated, by the switch in the list or on the workflow's page."),
          code(`curl ${hooksOf(here)}/hello \\`, "  -H 'content-type: application/json' -d '{\"name\": \"Ada\"}'"),
          text("Every call is stored before it is answered. You find what came of it under **Runs**."),
        ],
        to: { name: "Go to the runs", path: "/runs" },
      },
      {
        title: "Change it safely",
        blocks: points(
          "Runs that have begun finish on the revision they began with.",
          "A workflow's page shows all revisions and what changed between two of them; an earlier one can be brought back.",
        ),
      },
    ],
  },
  "from-n8n": {
    title: "Bring n8n along",
    lead: "Files that n8n exports are read as they are, and you see before anything is written what will run.",
    sections: [
      {
        title: "Look first",
        blocks: [
          text("Drop one or more exported JSON files on the **Workflows** page. For each, the report says how many nodes run here, which do not and why, and which connections are wanted. Nothing is written before you choose **Import**."),
        ],
        to: { name: "Go to the workflows", path: "/workflows" },
      },
      {
        title: "What becomes of it",
        blocks: points(
          "**Known nodes** become nodes of Fishplate; expressions and code stay as they are.",
          "**Unknown nodes** stay as placeholders with everything that was written in them. The workflow cannot go live until you replace or disable them; an **HTTP request** can do what most of them do.",
          "**Options without a counterpart** are kept and named in the report.",
          "**Credentials** are never in an export: make a connection for each and enter its secret.",
        ),
      },
      {
        title: "Switch over",
        blocks: [
          text("Webhooks keep their paths: `/webhook/<path>` works as before. Switch the workflow off in n8n before you switch it on here, or both answer their schedules."),
        ],
      },
      {
        title: "What is different",
        blocks: points(
          "A run that was interrupted goes on where it was; it does not begin again.",
          "A failed run waits for somebody under **Waiting**, until it is run again or put aside.",
          "`$env` shows declared variables only, never the server's own environment.",
          "Code runs without files, network and `require`, in JavaScript.",
          "Calls to private addresses are refused until an environment or a connection opens them.",
        ),
      },
    ],
  },
  mend: {
    title: "Mend a failed run",
    lead: "Nothing that failed is lost. Find out why, repair the cause, and let it go on.",
    sections: [
      {
        title: "See what happened",
        blocks: [
          text("Under **Runs**, choose **Failed**, and open one. The step that failed is marked; it shows what went into it, every call it made, and the error with its hint and code."),
          text("The code, such as `FP0501`, leads to a page that names likely causes and what to do."),
        ],
        to: { name: "Show the failed runs", path: "/runs", search: { status: ["failed"] } },
      },
      {
        title: "Let it go on",
        blocks: points(
          "**From the failed step**: what succeeded is not done again. Right when the other side was down.",
          "**On the newest revision**: right when you have repaired the workflow.",
          "**With edited input, or from another step**: right when the data was wrong. It becomes a run of its own, and the first one stays as it was.",
        ),
      },
      {
        title: "Many at once",
        blocks: [text("**Waiting** groups failed runs by workflow. Run them all again, put them aside, or mark them as dealt with elsewhere.")],
        to: { name: "See what waits", path: "/waiting" },
      },
      {
        title: "When nobody knows whether a call arrived",
        blocks: [
          text("If the server or the network fails in the middle of a call, its outcome is **uncertain**. A node says what to do then: repeat it under the same idempotency key, or hold the run until a person looks at the other side and decides."),
        ],
      },
    ],
  },
  secrets: {
    title: "Connections, secrets and variables",
    lead: "What workflows need to know about the world, kept outside of them.",
    sections: [
      {
        title: "Connections",
        blocks: [
          text("A connection says how to prove oneself to a service, and at which hosts it may be used. A workflow names the connection; the secret never comes into its data, its exports or the log."),
          ...points(
            "List the **hosts** exactly: a secret is never sent anywhere else, whatever an expression makes of the address.",
            "A secret is **never shown again**. To change it, write a new one; it is used from the next call on.",
            "A connection that something active uses cannot be deleted by mistake.",
            "Its page shows under **Health** how its calls go, which quota is left and what waits. There calls are held back by hand while a service is being mended, and let go again.",
          ),
        ],
        to: { name: "Go to the connections", path: "/connections" },
      },
      {
        title: "Variables",
        blocks: [text("A variable is a value that differs between environments and is no secret, such as an address. Workflows read it as `$vars.name`.")],
        to: { name: "Go to the variables", path: "/variables" },
      },
    ],
  },
  data: {
    title: "Keep data between runs",
    lead: "A data table holds rows that workflows put in and find again, and that you can see and mend here.",
    sections: [
      {
        title: "Make one",
        blocks: points(
          "Under **Data**, choose **New table**, and give it columns: text, number, yes or no, date.",
          "Every row also has an `id`, and when it was made and last changed. Those are not set by hand.",
          "Drop a CSV file onto the page of a table, and its rows are put in. **Export** gives them back.",
        ),
        to: { name: "Go to the data", path: "/data" },
      },
      {
        title: "Use it in a workflow",
        blocks: [
          text("The node **Data table** puts rows in, finds them, changes them, and lets items through for which a row is there or is not."),
          ...points(
            "**Upsert** changes the rows that meet the conditions and puts one in where there are none: so a customer is kept once, however often they come.",
            "A change happens once, even when the server is stopped in the middle of it.",
            "Rows are seen by every run of the environment at once.",
          ),
        ],
      },
      {
        title: "Change columns",
        blocks: points(
          "A column that is renamed keeps its cells, and so does one whose type is changed: a cell that is of another type counts as empty until the type is back.",
          "A column that is taken out takes no cells with it. Put it in again under the same id, and they are back.",
        ),
      },
    ],
  },
  webhooks: {
    title: "Webhooks",
    lead: "Tell others what happens here, let customers look after it themselves, and see what came in.",
    sections: [
      {
        title: "Send the first one",
        blocks: [
          ...points(
            "Make an **event type**, such as `invoice.paid`: what happened then, an example of its data, and a schema if you like.",
            "Add a **subscriber**: the address that hears of it. Copy its key to whoever receives.",
            "**Send a test** from the subscriber's page, and see it under **Deliveries** with every try.",
          ),
          text("Workflows post events with the node `webhook.emit`, programs with `POST /api/v1/events`."),
        ],
        to: { name: "Go to the webhooks", path: "/webhooks" },
      },
      {
        title: "When it is not taken",
        blocks: points(
          "Each message is tried again for three days, later each time. After that it has failed for good, until somebody tries it again.",
          "A subscriber that takes nothing for five days is **paused**: what is for it waits, and goes on when it answers.",
          "**Try failed ones again** and **Send what it missed**, on the subscriber's page, make up for an outage.",
        ),
        to: { name: "Go to the deliveries", path: "/webhooks/deliveries" },
      },
      {
        title: "Check what came",
        blocks: [
          text("Messages carry `webhook-id`, `webhook-timestamp` and `webhook-signature`, as **Standard Webhooks** says. The subscriber's page has code that checks them. A message may come twice with the same id."),
        ],
      },
      {
        title: "Let customers do it",
        blocks: [text("A link to the **portal** lets a customer add addresses, choose events, see deliveries and change keys, in a frame of your product. It shows nothing of others, and ends by itself.")],
        to: { name: "Make a link", path: "/webhooks/portal" },
      },
      {
        title: "What came in",
        blocks: [text("**Came in** lists what was sent to your own webhooks, and why something was refused. What came can happen again, live or in the draft, one or all of a time.")],
        to: { name: "See what came in", path: "/webhooks/came-in" },
      },
    ],
  },
  expressions: {
    title: "Expressions cheat sheet",
    lead: "JavaScript between two braces, over the item that flows in. As in n8n.",
    sections: [
      {
        title: "The form",
        blocks: [
          text("In the editor, switch a field to **expression**. In files, a value that begins with `=` is one. What stands outside of the braces is text."),
          code("=Hello {{ $json.name }}, it is {{ $now.toFormat('HH:mm') }}"),
          text("If the field is one pair of braces and nothing else, its value keeps its type: a number stays a number."),
        ],
      },
      {
        title: "Reach for data",
        blocks: [
          code(
            "{{ $json.email }}                    the current item",
            "{{ $json.body.order.id }}            what a webhook received",
            "{{ $('Get order').item.json.total }} the item another node made of this one",
            "{{ $('Get order').all().length }}    all items of another node",
            "{{ $input.first().json.id }}         the first item that came in",
            "{{ $vars.shop }}                     a variable",
            "{{ $itemIndex }}                     the place of the item, from 0",
          ),
        ],
      },
      {
        title: "When something may be missing",
        blocks: [
          code("{{ $json.name ?? 'stranger' }}", "{{ $json.address?.city }}", "{{ $json.tags?.join(', ') ?? '' }}"),
          text("To read a field of something that is not there gives nothing, and is no failure."),
        ],
      },
      {
        title: "Time",
        blocks: [
          code("{{ $now.toISO() }}", "{{ $now.minus({ days: 7 }).toISODate() }}", "{{ $today.plus({ hours: 9 }) }}", "{{ DateTime.fromISO($json.at).toRelative() }}"),
          text("A step that runs again sees the same `$now`, so that its answer stays the same."),
        ],
      },
      {
        title: "Lists",
        blocks: [code("{{ $json.lines.map(line => line.price).reduce((a, b) => a + b, 0) }}", "{{ $json.users.filter(user => user.active).length }}")],
      },
    ],
  },
  keyboard: {
    title: "Keyboard",
    lead: "Everything can be done without a mouse.",
    sections: [
      {
        title: "On every page",
        blocks: points(
          "`Ctrl K` (or `⌘ K`): find a page or a workflow, or do something.",
          "`g`, then a letter: go to a page. `g w` to the workflows, `g r` to the runs, `g d` to what waits.",
          "`?`: the list of all keys. In the editor it lists the editor's own.",
          "`Tab` first on a page: skip the navigation.",
        ),
      },
      {
        title: "In the editor",
        blocks: points(
          "`n`: add a node behind the selected one. `Enter`: open it. `]` and `[`: go to the next and to the one before.",
          "`Ctrl Z`, `Ctrl Shift Z`: undo, redo. `Ctrl D`: duplicate. `Delete`: remove.",
          "`p`: pin a node's output, so that it is not called while you try. `d`: disable it.",
          "`Ctrl Enter`: run. `Ctrl F`: find. `Shift T`: tidy up.",
        ),
      },
      {
        title: "In lists and trees",
        blocks: points("Arrow keys go through tabs and menus, and scroll a table that has the focus.", "`Enter` or the space bar opens and closes a branch of data."),
      },
    ],
  },
  api: {
    title: "Use the API",
    lead: "All that this app does goes through the public API, and you can do it, too.",
    sections: [
      {
        title: "A token",
        blocks: [
          text("Every request carries a token. The first start writes one into the data folder; make others, with fewer rights, under **Access**."),
          code('curl http://127.0.0.1:8321/api/v1/runs \\', '  -H "authorization: Bearer $(cat data/token)"'),
        ],
        to: { name: "Go to access", path: "/access" },
      },
      {
        title: "The form of answers",
        blocks: points(
          "Lists come in pages: ask again with `cursor` set to the `nextCursor` of the page before.",
          "What is refused says what, where, why and how to mend it, with a code that stays the same.",
          "`If-Match` with a version makes sure that you do not overwrite what another has changed.",
          "Streams tell at once what changes; after a cut, `after` goes on where it broke off.",
        ),
        to: { name: "Go to the reference", path: "/reference" },
      },
    ],
  },
  registers: {
    title: "Services, vendors and secrets",
    lead: "What of the outside is in use, who is behind it, and what somebody has to look after.",
    sections: [
      {
        title: "Integrations",
        blocks: [
          text("The list makes itself: each service that a connection is an account on, that a node calls, or that calls a webhook. It says who uses it, through which account, and what is wrong now."),
          ...points(
            "**Not used** means that no workflow names it: its account and its secret may go.",
            "A node whose address is made by an expression is named below the list: where it calls is known only when it runs.",
          ),
        ],
        to: { name: "Go to the integrations", path: "/integrations" },
      },
      {
        title: "Vendors",
        blocks: [
          text("A vendor stands for connectors and hosts, so that its contacts, contract, cost and exit plan are found from the service that is down."),
          ...points(
            "Write down the **end** of a contract and its **days of notice**. The reminder comes before the last day for notice, here, on the first page and beside **Vendors**, until you say what was decided.",
            "The **scorecard** is a weighted mean of 0 to 5. Who judged, and when, stands beside each score.",
            "An **exit plan** says what to take along, what stands in, and who does it. Try it once before you need it.",
          ),
        ],
        to: { name: "Go to the vendors", path: "/vendors" },
      },
      {
        title: "Evaluations",
        blocks: points(
          "Agree on criteria and weights first, and score afterwards.",
          "Who does not reach the least score of a **must-have** is out, however good the rest is.",
          "What is not judged does not count, and is named, so that nobody wins by being unknown.",
        ),
        to: { name: "Go to the evaluations", path: "/evaluations" },
      },
      {
        title: "Secrets",
        blocks: points(
          "The inventory names every secret and never shows one.",
          "**Stale** is what somebody set too long ago; you choose how long that is. What the server renews by itself never is.",
          "To exchange a secret, make a new one at the service, set it on the connection's page, and take the old one back.",
        ),
        to: { name: "Go to the secrets", path: "/secrets" },
      },
    ],
  },
  govern: {
    title: "People, access, audit and settings",
    lead: "Who may do what, who did what, and what the server may reach.",
    sections: [
      {
        title: "People",
        blocks: points(
          "The first owner comes in by the link that the server prints when it starts; `fishplate owner-link` makes another one. An owner or admin invites everybody else under **People**: the link works once, for that address only.",
          "Five roles, each with all that the ones before it have: viewer, operator, editor, admin, owner. A role counts everywhere, or in one workspace or environment.",
          "Nobody gives or takes more than they have. Whoever is shut out, or gets other rights, is signed out at once, and their tokens end with them.",
          "Other providers (OpenID Connect: Keycloak, Google, Entra ID …) are set up under **People** by an owner.",
        ),
        to: { name: "Go to people", path: "/people" },
      },
      {
        title: "Your account",
        blocks: points(
          "Come in by password, by passkey, or by a provider. A passkey needs the server's own name, by https or on localhost.",
          "Sessions end after a week without use, and after a month in any case. End one that you do not know, and change your password: that ends all others.",
          "Personal tokens are for the command line and scripts of yours. They never have more than you have.",
        ),
        to: { name: "Go to your account", path: "/account" },
      },
      {
        title: "Access",
        blocks: points(
          "A token has roles in environments, and can do no more than they allow. Its text is shown once.",
          "A token can never be given more rights than its maker has.",
          "Take a token back as soon as it may have been seen by somebody else; that works at once.",
        ),
        to: { name: "Go to access", path: "/access" },
      },
      {
        title: "Audit",
        blocks: [text("Every change is in the log, with who made it and when. The entries form a chain: the check under **Audit** computes it anew and says whether anything was changed afterwards.")],
        to: { name: "Go to the audit log", path: "/audit" },
      },
      {
        title: "What workflows may reach",
        blocks: [text("Egress rules of an environment say to which hosts calls may go. Without rules, private addresses are closed.")],
        to: { name: "Go to the settings", path: "/settings" },
      },
      {
        title: "Backup",
        blocks: [text("A backup can be taken while the server works. The master key is not in it: keep that elsewhere, because without it no secret can be read again.")],
      },
    ],
  },
};
