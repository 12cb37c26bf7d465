import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { FileUp, Play, Plus } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Page, Panel } from "@/kit/Page";
import { Empty, Failure } from "@/kit/States";
import { EXAMPLE } from "@/resource/example";
import { ImportDialog } from "@/resource/ImportDialog";
import { NewDialog } from "@/resource/NewDialog";

/** The first minute with Fishplate: nothing is there, and three ways lead to something that runs. */
export function Welcome() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"new" | "import" | null>(null);
  const example = useMutation({
    mutationFn: async () => {
      const path = { params: { path: { name: EXAMPLE.name } } };
      const { TEMPLATES } = await import("@/resource/templates");
      const template = TEMPLATES.find(({ name }) => name === EXAMPLE.name);
      if (template === undefined) throw new Error(`the app was built without the example \`${EXAMPLE.name}\``);
      const { labels = {}, spec } = template.main;
      await data(api.PUT("/api/v1/workflows/{name}", { ...path, body: { labels, spec } }));
      await data(api.POST("/api/v1/workflows/{name}/activate", { ...path, body: {} }));
      return data(api.POST("/api/v1/workflows/{name}/run", { ...path, body: { input: EXAMPLE.input } }));
    },
    onSuccess: async ({ run }) => {
      await navigate({ to: "/runs/$run", params: { run }, search: { view: "graph" } });
    },
    // Some of it may have been done.
    onSettled: () => client.invalidateQueries({ queryKey: ["workflow"] }),
  });
  return (
    <Page title="Home">
      <Panel>
        <Empty
          title="Welcome to Fishplate"
          action={
            <span className="flex flex-wrap justify-center gap-2">
              <Button look="primary" icon={<Play size={14} />} busy={example.isPending} onClick={() => { example.mutate(); }}>Try the example</Button>
              <Button icon={<Plus size={14} />} onClick={() => { setOpen("new"); }}>New workflow</Button>
              <Button icon={<FileUp size={14} />} onClick={() => { setOpen("import"); }}>Import</Button>
            </span>
          }
        >
          The example is a webhook that greets whoever calls it: it is made, set live and run once, and you see what happened. Or draw a workflow of your own, or bring what
          n8n exports: it is read as it is, and told you what runs. <Link to="/help" search={{}} className="text-accent hover:underline">Read how it works</Link>
        </Empty>
        {example.isError ? <Failure error={example.error} retry={() => { example.mutate(); }} /> : null}
      </Panel>
      {open === "new" ? <NewDialog taken={[]} onClose={() => { setOpen(null); }} /> : null}
      {open === "import" ? <ImportDialog files={null} onClose={() => { setOpen(null); }} /> : null}
    </Page>
  );
}
