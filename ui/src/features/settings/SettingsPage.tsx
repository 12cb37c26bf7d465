import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState, useSyncExternalStore } from "react";

import { api, data, send } from "@/api/client";
import { problemsOf } from "@/api/problem";
import { theme, type Theme } from "@/app/theme";
import { Button } from "@/kit/Button";
import { download } from "@/kit/download";
import { Field, Select } from "@/kit/Field";
import { Page, Panel } from "@/kit/Page";
import { Failure, Skeleton } from "@/kit/States";
import { toasts } from "@/kit/toasts";
import { History } from "@/resource/History";
import { useKind } from "@/resource/kinds";
import { SchemaForm } from "@/resource/SchemaForm";

/** Name of the one `egress` resource of an environment. */
const EGRESS = "default";

/** What holds for the whole environment, and for this browser. */
export function SettingsPage() {
  const chosen = useSyncExternalStore(theme.subscribe, theme.read);
  const egress = useQuery({
    queryKey: ["egress", "list"],
    queryFn: () => data(api.GET("/api/v1/egress", { params: { query: { limit: 10 } } })),
  });
  const [busy, setBusy] = useState<string | null>(null);
  const save = async (name: string, request: Request, file: string): Promise<void> => {
    setBusy(name);
    try {
      download(await (await send(request)).blob(), file);
    } catch (error) {
      toasts.failed(`${name} did not work`, error);
    } finally {
      setBusy(null);
    }
  };
  const stored = egress.data?.items[0];
  return (
    <Page title="Settings">
      <div className="flex flex-col gap-6">
        <Panel title="This browser">
          <div className="max-w-xs">
            <Field label="Theme">
              {(ids) => (
                <Select {...ids} value={chosen} onChange={(event) => { theme.set(event.target.value as Theme); }}>
                  <option value="system">As the system</option>
                  <option value="light">Light</option>
                  <option value="dark">Dark</option>
                </Select>
              )}
            </Field>
          </div>
        </Panel>
        <Panel title="Where workflows may call">
          {egress.isPending ? (
            <Skeleton />
          ) : egress.isError ? (
            <Failure error={egress.error} retry={() => void egress.refetch()} />
          ) : (
            <Egress key={stored?.revision ?? 0} name={stored?.name ?? EGRESS} spec={(stored?.spec ?? {}) as Record<string, unknown>} labels={stored?.labels ?? {}} revision={stored?.revision ?? null} />
          )}
        </Panel>
        {stored === undefined ? null : <Panel flush title="History of these rules"><History kind="egress" name={stored.name} /></Panel>}
        <Panel title="Take it with you">
          <div className="flex flex-col gap-3">
            <p className="text-ink-soft">An export holds everything that is configured in this environment, without secrets. A backup holds everything with its runs, and needs the master key to be opened.</p>
            <div className="flex flex-wrap gap-2">
              <Button icon={<Download size={14} />} busy={busy === "Export"} onClick={() => void save("Export", new Request("/api/v1/export?format=yaml"), "fishplate.yaml")}>Export</Button>
              <Button icon={<Download size={14} />} busy={busy === "Backup"} onClick={() => void save("Backup", new Request("/api/v1/backup", { method: "POST" }), "fishplate-backup.tar")}>Backup</Button>
            </div>
          </div>
        </Panel>
      </div>
    </Page>
  );
}

function Egress({ name, spec, labels, revision }: { name: string; spec: Record<string, unknown>; labels: Record<string, string>; revision: number | null }) {
  const client = useQueryClient();
  const kind = useKind("egress");
  const [value, setValue] = useState(spec);
  const save = useMutation({
    mutationFn: () =>
      data(
        api.PUT("/api/v1/egress/{name}", {
          params: { path: { name }, ...(revision === null ? {} : { header: { "If-Match": `"${String(revision)}"` } }) },
          body: { spec: value, labels },
        }),
      ),
    onSuccess: () => { toasts.done("The rules hold from now on"); },
    onError: (error) => { toasts.failed("The rules stay as they were", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["egress"] }),
  });
  const problems = problemsOf(save.error);
  if (kind.data === undefined) return <Skeleton />;
  return (
    <form className="flex max-w-2xl flex-col gap-4" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      {revision === null ? <p className="text-ink-soft">No rules are set: every public address may be called, private ones only by connections that say so.</p> : null}
      <SchemaForm schema={kind.data} value={value} onChange={setValue} problems={problems} />
      <div><Button type="submit" look="primary" busy={save.isPending} refused={JSON.stringify(value) === JSON.stringify(spec) ? "Nothing has changed" : undefined}>Save</Button></div>
    </form>
  );
}
