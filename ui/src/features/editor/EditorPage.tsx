import { Page } from "@/kit/Page";
import { Empty } from "@/kit/States";

/** Not drawn yet. */
export function EditorPage() {
  return (
    <Page title="Editor">
      <Empty title="This page is not drawn yet">The command line and the API have what belongs here.</Empty>
    </Page>
  );
}
