/** The workflow that a newcomer tries, the same as `examples/greeting.yaml`: a webhook, two ways to go, an answer. */
export const EXAMPLE = {
  name: "greeting",
  labels: { example: "true" },
  spec: {
    title: "Greeting",
    description: "A webhook, two ways to go, an answer.",
    nodes: [
      { name: "Webhook", type: "http.webhook", position: [0, 0] as [number, number], params: { methods: ["POST"], path: "greeting", respond: { when: "respondNode" } } },
      { name: "Name", type: "core.set", position: [240, 0] as [number, number], params: { fields: [{ name: "name", type: "string", value: "={{ $json.body.name ?? '' }}" }] } },
      {
        name: "Is known",
        type: "core.if",
        position: [480, 0] as [number, number],
        params: { conditions: { conditions: [{ leftValue: "={{ $json.name }}", operator: { type: "string", operation: "notEmpty", singleValue: true } }] } },
      },
      { name: "Greet", type: "http.respond", position: [720, -100] as [number, number], params: { with: "json", json: { greeting: "=Hello {{ $json.name }}!", at: "={{ $now.toISO() }}" } } },
      { name: "Ask back", type: "http.respond", position: [720, 100] as [number, number], params: { with: "json", status: 422, json: { error: 'Send your name: {"name": "Ada"}' } } },
    ],
    edges: [
      { from: "Webhook", to: "Name" },
      { from: "Name", to: "Is known" },
      { from: "Is known", to: "Greet" },
      { from: "Is known", output: 1, to: "Ask back" },
    ],
  },
  /** What comes in on its first run. */
  input: [{ json: { body: { name: "Ada" } } }],
};
