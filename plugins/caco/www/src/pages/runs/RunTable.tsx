/** The runs in a table: how each ended, what it gave and cost; two can be picked to compare. */

import { Box, Button, Flex, HStack, Text } from "@chakra-ui/react";
import { useNavigate } from "react-router-dom";

import { api, LIVE_MS, type Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { DateField } from "src/parts/DateField";
import { FacetSelect } from "src/parts/FacetSelect";
import { addressNow, type AddressState } from "src/parts/filters";
import { Grid } from "src/parts/Grid";
import { PageLink, RunLink } from "src/parts/Links";
import { More } from "src/parts/More";
import { Empty } from "src/parts/notices";
import { formatCost, formatCount, formatSeconds, formatShare, formatTime, NOTHING } from "src/parts/numbers";
import { comparePath } from "src/parts/paths";
import { Ready } from "src/parts/Ready";
import { ShareBar } from "src/parts/ShareBar";

type Line = Schemas["RunLine"];

const FILTERS = ["config", "state", "pipeline", "from", "to"] as const;

export function RunTable({ address }: { address: AddressState }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, address.get(name)]));
  const query = api.useInfiniteQuery(
    "get",
    "/api/v1/runs",
    { params: { query: { ...filters, state: filters.state as Line["state"] | undefined, limit: 50 } } },
    {
      pageParamName: "cursor",
      initialPageParam: null,
      getNextPageParam: (last: Schemas["RunPage"]) => last.next_cursor ?? undefined,
      refetchInterval: (last) =>
        last.state.data?.pages.some((page) => page.rows.some((row) => row.is_live)) ? LIVE_MS : false,
    },
  );
  return (
    <Ready query={query} what="the runs">
      {({ pages }) => {
        const rows = pages.flatMap((page) => page.rows);
        return (
          <>
            <Flex gap={4} wrap="wrap" mb={3} align="end">
              {(pages[0]?.facets ?? []).map((facet) => (
                <FacetSelect
                  key={facet.name}
                  facet={facet}
                  chosen={address.get(facet.name)}
                  onChoose={(value) => address.set({ [facet.name]: value })}
                />
              ))}
              <DateField label="From" value={address.get("from")} onChange={(from) => address.set({ from })} />
              <DateField label="To" value={address.get("to")} onChange={(to) => address.set({ to })} />
              <Picked rows={rows} address={address} />
            </Flex>
            {rows.length === 0 ? (
              <NoRuns isFiltered={FILTERS.some((name) => address.get(name))} onClear={() => address.set(CLEARED)} />
            ) : (
              <>
                <Lines rows={rows} address={address} />
                <More
                  shown={rows.length}
                  hasMore={query.hasNextPage}
                  isLoading={query.isFetchingNextPage}
                  onMore={() => void query.fetchNextPage()}
                />
              </>
            )}
          </>
        );
      }}
    </Ready>
  );
}

const CLEARED = Object.fromEntries(FILTERS.map((name) => [name, null]));

function NoRuns({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (!isFiltered) {
    return (
      <Empty title="No run was planned yet">
        Trigger <PageLink to="/dags/caco_seeds">caco_seeds</PageLink>, which starts what follows, or run{" "}
        <code>caco demo</code>.
      </Empty>
    );
  }
  return (
    <Empty title="No run fits these filters">
      <Button size="xs" variant="outline" onClick={onClear}>
        Show all
      </Button>
    </Empty>
  );
}

/** The runs that are picked, and the way to where they stand beside each other. */
function Picked({ rows, address }: { rows: Line[]; address: AddressState }) {
  const navigate = useNavigate();
  const [a, b] = [address.get("a"), address.get("b")];
  const name = (id: string | undefined) => {
    const row = rows.find((one) => one.run_id === id);
    return row ? `${row.partition} ${row.config}` : (id?.slice(0, 8) ?? "");
  };
  if (!a && !b) return <Text color="fg.muted">Pick two to compare them.</Text>;
  return (
    <HStack>
      <Text>
        {name(a)}
        {b ? ` and ${name(b)}` : ", and one more"}
      </Text>
      <Button size="xs" disabled={!a || !b} onClick={() => void navigate(comparePath(a ?? "", b ?? ""))}>
        Compare
      </Button>
      <Button size="xs" variant="ghost" onClick={() => address.set({ a: null, b: null }, { replace: true })}>
        Clear
      </Button>
    </HStack>
  );
}

function pick(address: AddressState, id: string): void {
  const now = addressNow();
  const picked = [now.get("a"), now.get("b")].filter((one) => one !== null);
  const isNew = !picked.includes(id);
  const kept = picked.filter((one) => one !== id);
  const next = isNew ? [...kept, id].slice(-2) : kept;
  address.set({ a: next[0], b: next[1] }, { replace: true });
}

function Lines({ rows, address }: { rows: Line[]; address: AddressState }) {
  const picked = [address.get("a"), address.get("b")];
  const pipeline = rows.find((row) => picked.includes(row.run_id))?.pipeline; // only runs of one can be compared
  return (
    <Grid
      label="Runs"
      rows={rows}
      rowKey={(row) => row.run_id}
      isMarked={(row) => picked.includes(row.run_id)}
      columns={[
        {
          head: "Pick",
          cell: (row) => (
            <input
              type="checkbox"
              aria-label={`Pick ${row.partition} ${row.config} ${row.run_id.slice(0, 8)}`}
              checked={picked.includes(row.run_id)}
              disabled={pipeline !== undefined && row.pipeline !== pipeline}
              title={pipeline === undefined ? undefined : `Compare two ${pipeline} runs`}
              onChange={() => pick(address, row.run_id)}
            />
          ),
        },
        { head: "Date", cell: (row) => <RunLink run={row}>{row.partition}</RunLink> },
        {
          head: "Run",
          cell: (row) => (
            <>
              <Text>{row.config}</Text>
              <Text fontSize="xs" color="fg.muted" whiteSpace="nowrap">
                {row.pipeline} <code title={row.run_id}>{row.run_id.slice(0, 8)}</code>
              </Text>
            </>
          ),
        },
        {
          head: "State",
          cell: (row) => (
            <Box title={row.gate_sentence ?? undefined}>
              <StateBadge state={row.state} />
              {row.is_live && row.outputs_expected ? (
                <Text fontSize="xs" color="fg.muted" whiteSpace="nowrap">
                  {row.outputs} of {row.outputs_expected} outputs
                </Text>
              ) : null}
            </Box>
          ),
        },
        { head: "Sampled → published", width: "14rem", cell: (row) => <Yield row={row} /> },
        { head: "Yield", isNumber: true, cell: (row) => formatShare(row.kept_share.share) },
        { head: "Unknown", isNumber: true, cell: (row) => formatCount(row.unknown) },
        { head: "Cost", isNumber: true, cell: (row) => formatCost(row.cost_usd) },
        { head: "Per row", isNumber: true, cell: (row) => formatCost(row.cost_usd_per_row) },
        { head: "Computing time", isNumber: true, cell: (row) => formatSeconds(row.seconds) },
        { head: "Reused", isNumber: true, cell: (row) => (row.reused > 0 ? formatShare(row.reused_share) : NOTHING) },
        { head: "Models", cell: (row) => <Models models={row.models} /> },
        { head: "Planned", cell: (row) => <Text whiteSpace="nowrap">{formatTime(row.planned_at)}</Text> },
        {
          head: "Airflow",
          cell: (row) => (row.airflow ? <PageLink to={`/${row.airflow.path}`}>run</PageLink> : NOTHING),
        },
      ]}
    />
  );
}

function Yield({ row }: { row: Line }) {
  if (row.pipeline !== "nightly") return <>{NOTHING}</>;
  const asked = row.asked_samples ?? row.sampled;
  const label = `${formatCount(row.sampled)} sampled, ${formatCount(row.published)} published`;
  return (
    <>
      <Text whiteSpace="nowrap">
        {formatCount(row.sampled)} → {formatCount(row.published)}
      </Text>
      <ShareBar passed={row.published} whole={Math.max(asked, row.sampled)} label={label} width="9rem" />
    </>
  );
}

function Models({ models }: { models: Line["models"] }) {
  const names = Object.entries(models);
  if (names.length === 0) return <>{NOTHING}</>;
  return (
    <details>
      <Box as="summary" fontSize="xs" cursor="pointer" whiteSpace="nowrap">
        {names.length} {names.length === 1 ? "model" : "models"}
      </Box>
      {names.map(([role, model]) => (
        <Text key={role} fontSize="xs" whiteSpace="nowrap">
          <Text as="span" color="fg.muted">
            {role}
          </Text>{" "}
          {model.length > 30 ? model.slice(0, 12) : model}
        </Text>
      ))}
    </details>
  );
}
