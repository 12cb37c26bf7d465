-- Queued runs by lane (workflow, scope, fairness key), each lane in the order in which its runs start. The dispatcher
-- looks into a lane when it has a place for it and skips from lane to lane, so that it never walks through a backlog.
-- run_queued, the order over all lanes, has no reader any more; it stays for the release before this one.
CREATE INDEX run_lane ON run (workflow, scope, fairness_key, priority DESC, id, partition) WHERE status = 0;
