import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { api, data } from "@/api/client";
import { Choice } from "@/kit/Choice";
import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Skeleton } from "@/kit/States";
import { count } from "@/kit/times";
import { beginOf, trendOf, type Span } from "@/resource/trend";

/** Drawing is a library of its own. */
const Chart = lazy(() => import("./Chart").then(({ Chart }) => ({ default: Chart })));

/** As many runs as the server lists at once. */
const MOST = 1_000;
const MINUTE = 60_000;

/** How runs went of late. */
export function TrendPanel() {
  const navigate = useNavigate();
  const [span, setSpan] = useState<Span>("day");
  const runs = useQuery({
    // Not among what is read anew with every run: a list of this length once a minute is enough for a trend.
    queryKey: ["trend", span],
    queryFn: async () => {
      const now = Date.now();
      const page = await data(api.GET("/api/v1/runs", { params: { query: { since: beginOf(span, now), limit: MOST } } }));
      return trendOf(page.items, page.nextCursor != null, span, now);
    },
    staleTime: MINUTE,
    refetchInterval: MINUTE,
  });
  return (
    <Panel flush title="Runs over time" actions={<Choice label="Time" value={span} onChange={setSpan} of={[{ value: "day", name: "24 hours" }, { value: "week", name: "7 days" }]} />}>
      <Loaded of={runs} lines={5}>
        {(trend) => (
          <div className="px-2 pt-1 pb-2">
            <Suspense fallback={<Skeleton lines={5} />}>
              <Chart buckets={trend.buckets} onOpen={(bucket) => void navigate({ to: "/runs", search: { since: bucket.from, until: bucket.until } })} />
            </Suspense>
            {trend.cut ? (
              <p className="px-2 pt-1 text-small text-ink-faint">
                More than {count(MOST)} runs began in this time. The newest are drawn, from {new Date(trend.buckets[0]?.from ?? 0).toLocaleString(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" })} on.
              </p>
            ) : null}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
