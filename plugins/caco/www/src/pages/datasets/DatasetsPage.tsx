/** All datasets. */

import { Text } from "@chakra-ui/react";

import { api, type Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { Grid } from "src/parts/Grid";
import { DatasetLink, PageLink, RunLink } from "src/parts/Links";
import { More } from "src/parts/More";
import { Empty } from "src/parts/notices";
import { formatBytes, formatCount, formatTime } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { PageTitle } from "src/parts/Section";

function standingText(standing: Schemas["DatasetLine"]["standing"]): string {
  if (standing === null) return "no";
  return { current: "yes", waiting: "waits", superseded: "superseded" }[standing] ?? standing;
}

export function DatasetsPage() {
  const query = api.useInfiniteQuery(
    "get",
    "/api/v1/datasets",
    { params: { query: { limit: 50 } } },
    {
      pageParamName: "cursor",
      initialPageParam: null,
      getNextPageParam: (last: Schemas["DatasetPage"]) => last.next_cursor ?? undefined,
    },
  );
  return (
    <>
      <PageTitle title="Datasets" />
      <Ready query={query} what="the datasets">
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.rows);
          if (rows.length === 0) {
            return (
              <Empty title="Nothing was published yet">
                A nightly run publishes one at its end: trigger{" "}
                <PageLink to="/dags/caco_nightly">caco_nightly</PageLink>.
              </Empty>
            );
          }
          return (
            <>
              <Grid
                label="Datasets"
                rows={rows}
                rowKey={(row) => `${row.dataset}/${row.version}`}
                columns={[
                  { head: "Dataset", cell: (row) => <DatasetLink {...row} /> },
                  { head: "State", cell: (row) => <StateBadge state={row.state} /> },
                  {
                    head: "Counts",
                    title: "whether it counts for its date",
                    cell: (row) => standingText(row.standing),
                  },
                  { head: "Date", cell: (row) => <Text whiteSpace="nowrap">{row.partition}</Text> },
                  { head: "Rows", isNumber: true, cell: (row) => formatCount(row.rows) },
                  { head: "Size", isNumber: true, cell: (row) => formatBytes(row.bytes) },
                  { head: "Run", cell: (row) => <RunLink run={row.run} /> },
                  { head: "Licences", cell: (row) => row.licences.join(", ") },
                  { head: "Since", cell: (row) => <Text whiteSpace="nowrap">{formatTime(row.changed_at)}</Text> },
                  { head: "Because", cell: (row) => row.because ?? "" },
                ]}
              />
              <More
                shown={rows.length}
                hasMore={query.hasNextPage}
                isLoading={query.isFetchingNextPage}
                onMore={() => void query.fetchNextPage()}
              />
            </>
          );
        }}
      </Ready>
    </>
  );
}
