/** Dates beside stages: what is there, what is not, and the command that fills a range of dates. */

import { Box, Button, Flex, HStack, Table, Text } from "@chakra-ui/react";

import { api, LIVE_MS, type Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { CopyButton } from "src/parts/CopyButton";
import { DateField } from "src/parts/DateField";
import type { AddressState } from "src/parts/filters";
import { PageLink } from "src/parts/Links";
import { Empty } from "src/parts/notices";
import { formatCount, formatShare, shortId } from "src/parts/numbers";
import { runPath } from "src/parts/paths";
import { Ready } from "src/parts/Ready";

type Cell = Schemas["MatrixCell"];

export function RunMatrix({ address }: { address: AddressState }) {
  const pipeline = address.get("pipeline") ?? "nightly";
  const range = { from: address.get("from"), to: address.get("to") };
  const query = api.useQuery(
    "get",
    "/api/v1/runs/matrix",
    { params: { query: { pipeline, ...range } } },
    { refetchInterval: (last) => (last.state.data?.rows.some((row) => row.state === "running") ? LIVE_MS : false) },
  );
  return (
    <>
      <Flex gap={4} wrap="wrap" mb={3} align="end">
        <DateField label="From" value={range.from} onChange={(from) => address.set({ from })} />
        <DateField label="To" value={range.to} onChange={(to) => address.set({ to })} />
        <Text color="fg.muted">
          {range.from && range.to
            ? `The ${pipeline} runs of these dates.`
            : "Press a date to begin a range, another to end it."}
        </Text>
      </Flex>
      <Ready query={query} what="the matrix">
        {(matrix) => (
          <>
            {matrix.rows.length === 0 && matrix.missing_dates.length === 0 ? (
              <Empty title="No run of these dates">Choose other dates, or trigger caco_nightly.</Empty>
            ) : (
              <MatrixTable matrix={matrix} address={address} />
            )}
            {matrix.is_cut ? (
              <Text mt={2}>There are more runs in this range: make it smaller to see all of it.</Text>
            ) : null}
            <Backfill pipeline={pipeline} from={range.from} to={range.to} missing={matrix.missing_dates} />
          </>
        )}
      </Ready>
    </>
  );
}

function MatrixTable({ matrix, address }: { matrix: Schemas["RunMatrix"]; address: AddressState }) {
  const missing = matrix.missing_dates.map((partition) => ({ partition, run: null }));
  const rows = [...matrix.rows.map((run) => ({ partition: run.partition, run })), ...missing].sort((one, other) =>
    other.partition.localeCompare(one.partition),
  );
  return (
    <Box overflowX="auto" tabIndex={0} role="region" aria-label="Dates and stages" borderWidth="1px" borderRadius="md">
      <Table.Root size="sm" fontVariantNumeric="tabular-nums">
        <Table.Header>
          <Table.Row bg="bg.muted">
            {["Date", "Run", "State"].map((head) => (
              <Table.ColumnHeader key={head} scope="col">
                {head}
              </Table.ColumnHeader>
            ))}
            {matrix.stages.map((stage) => (
              <Table.ColumnHeader key={stage} scope="col" textAlign="end">
                {stage}
              </Table.ColumnHeader>
            ))}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {rows.map(({ partition, run }) => (
            <Table.Row key={run?.run_id ?? partition}>
              <Table.Cell>
                <Button size="2xs" variant="ghost" onClick={() => chooseDate(address, partition)}>
                  {partition}
                </Button>
              </Table.Cell>
              {run ? (
                <>
                  <Table.Cell whiteSpace="nowrap">
                    <PageLink to={runPath(run.run_id)} title={run.run_id}>
                      {run.config}
                    </PageLink>{" "}
                    <Text as="code" fontSize="xs" color="fg.muted">
                      {shortId(run.run_id)}
                    </Text>
                  </Table.Cell>
                  <Table.Cell>
                    <StateBadge state={run.state} />
                  </Table.Cell>
                  {matrix.stages.map((stage) => (
                    <StageCell key={stage} cell={run.cells.find((cell) => cell.stage === stage)} />
                  ))}
                </>
              ) : (
                <Table.Cell colSpan={matrix.stages.length + 2} color="fg.muted">
                  no run
                </Table.Cell>
              )}
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
}

const CELLS: Record<Cell["state"], string> = {
  complete: "green.subtle",
  partial: "blue.subtle",
  missing: "transparent",
};

function StageCell({ cell }: { cell: Cell | undefined }) {
  if (!cell || cell.state === "missing") {
    return (
      <Table.Cell color="fg.muted" textAlign="end" title="not begun">
        ·
      </Table.Cell>
    );
  }
  const shards = `${cell.shards} of ${cell.shards_expected ?? cell.shards}`;
  const reused = cell.reused > 0 ? `, ${cell.reused} reused` : "";
  return (
    <Table.Cell
      bg={CELLS[cell.state]}
      textAlign="end"
      title={`${cell.stage}: ${shards} shards${reused}; ${formatCount(cell.passed)} of ${formatCount(cell.read)} passed`}
    >
      {cell.state === "partial" ? shards : formatShare(cell.kept_share)}
    </Table.Cell>
  );
}

/** The first date that is pressed begins a range, the second ends it, the third begins another. */
function chooseDate(address: AddressState, date: string): void {
  const [from, to] = [address.get("from"), address.get("to")];
  if (!from || to) address.set({ from: date, to: null });
  else address.set(date < from ? { from: date, to: from } : { to: date });
}

interface BackfillProps {
  pipeline: string;
  from: string | undefined;
  to: string | undefined;
  missing: readonly string[];
}

function Backfill({ pipeline, from, to, missing }: BackfillProps) {
  if (!from || !to || pipeline !== "nightly") return null;
  const command =
    `airflow backfill create --dag-id caco_nightly --from-date ${from} --to-date ${to} ` +
    `--dag-run-conf '{"config": "nano"}'`;
  return (
    <Box mt={4} borderWidth="1px" borderRadius="md" p={4}>
      <Text mb={2}>
        {missing.length === 0
          ? "Every date of this range has a run."
          : `${missing.length} of these dates ${missing.length === 1 ? "has" : "have"} no run.`}{" "}
        To run all of them, with the config of your choice:
      </Text>
      <HStack align="start">
        <Box as="pre" fontSize="xs" overflowX="auto" flex="1" tabIndex={0}>
          {command}
        </Box>
        <CopyButton text={command} />
      </HStack>
      <Text mt={2} color="fg.muted">
        Or by Airflow’s form on <PageLink to="/dags/caco_nightly/backfills">caco_nightly</PageLink>: tick “Override
        parameters on existing runs” there, or config and samples are left out.
      </Text>
    </Box>
  );
}
