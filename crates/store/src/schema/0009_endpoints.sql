-- Events of an endpoint that keep their order wait in a lane of their own, whatever workflows they go to.
ALTER TABLE run ADD COLUMN lane TEXT;
CREATE INDEX run_lane_of ON run (COALESCE(lane, workflow), scope, fairness_key, priority DESC, id, partition)
    WHERE status = 0;
-- Those that wait for something keep their place in it.
CREATE INDEX run_in_lane ON run (id) WHERE lane IS NOT NULL AND status IN (2, 3);
