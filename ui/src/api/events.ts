/** Reading of `text/event-stream`, piece by piece, as the HTML standard defines it. */
export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Gives the events that are complete, and keeps the rest for the next piece. */
export class EventReader {
  private rest = "";
  private id: string | null = null;
  private event = "";
  private lines: string[] = [];

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const parts = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = parts.pop() ?? "";
    for (const line of parts) {
      if (line === "") {
        if (this.lines.length > 0) {
          events.push({ id: this.id, event: this.event === "" ? "message" : this.event, data: this.lines.join("\n") });
        }
        this.event = "";
        this.lines = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") this.lines.push(value);
      else if (field === "event") this.event = value;
      else if (field === "id" && !value.includes("\0")) this.id = value;
    }
    return events;
  }
}
