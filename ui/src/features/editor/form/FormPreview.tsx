//! What a visitor will see, beside the form's editor. It is drawn in a room of its own: nothing in it runs or leads away.

// The very rules of style that the server sends with the page.
import style from "../../../../../crates/inbound/src/webhooks/forms/style.css?raw";

import type { NodeSpec } from "../../../canvas/graph/document";
import { endPage, formPage } from "./formPage";

/** Node types that show a page to visitors. */
export function showsForm(node: NodeSpec): boolean {
  return node.type === "form.trigger" || node.type === "form.page" || (node.type === "core.wait" && node.params?.["until"] === "form");
}

export function FormPreview({ node }: { readonly node: NodeSpec }) {
  const ends = node.type === "form.page" && node.params?.["show"] === "end";
  return (
    <section className="ed-formview" aria-label="Preview of the page">
      <iframe title="The page as a visitor sees it" sandbox="" srcDoc={ends ? endPage(node.params?.["end"], style) : formPage(node.params?.["form"], style)} />
      <p className="ed-hint">What expressions say is shown as “…”; what is filled in here goes nowhere.</p>
    </section>
  );
}
