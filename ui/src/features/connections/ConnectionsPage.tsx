import { Page } from "@/kit/Page";
import { Empty } from "@/kit/States";

/** Not drawn yet. */
export function ConnectionsPage() {
  return (
    <Page title="Connections">
      <Empty title="This page is not drawn yet">The command line and the API have what belongs here.</Empty>
    </Page>
  );
}
