//! A sign for each node type: what the palette and the cards show in front of a name.

const SIGNS: Readonly<Record<string, string>> = {
  "http.webhook": "⇥", "core.manual": "▶", "core.schedule": "◷", "core.called": "↳", "core.error-trigger": "!", "core.set": "≔",
  "core.if": "⋎", "core.switch": "⋔", "core.filter": "▽", "core.merge": "⋏", "core.code": "{}", "core.loop": "↻", "core.wait": "‖",
  "core.call": "↗", "core.split-out": "⑃", "core.aggregate": "Σ", "core.sort": "↕", "core.limit": "⊤", "core.stop": "■",
  "http.request": "⇄", "http.respond": "⇤", "core.noop": "→", "core.note": "✎",
};

export function glyphOf(type: string, group: string): string {
  return SIGNS[type] ?? ({ trigger: "▶", flow: "⋎", transform: "≔", action: "⇄", attachment: "◆" } as Record<string, string>)[group] ?? "?";
}
