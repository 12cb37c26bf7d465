-- What came in, many in a page: a row with its indexes for each of them costs more than taking the webhook in.
CREATE TABLE arrival_page (
    scope INTEGER NOT NULL,
    -- Ids of the newest and the oldest in it. Pages of several processes may overlap.
    last BLOB NOT NULL,
    first BLOB NOT NULL,
    count INTEGER NOT NULL,
    -- How many of them were refused.
    refused INTEGER NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (scope, last)
) STRICT;

CREATE INDEX arrival_page_refused ON arrival_page (scope, last) WHERE refused > 0;

-- The table of single rows stays, empty, for the previous binary.
DELETE FROM arrival;
