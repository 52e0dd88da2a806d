/** Two runs beside each other: what differs in their settings, and what that moved. */

import { Box, HStack, Text } from "@chakra-ui/react";

import { api, type Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { useAddress } from "src/parts/filters";
import { Grid } from "src/parts/Grid";
import { PageLink, RunLink } from "src/parts/Links";
import { Empty } from "src/parts/notices";
import {
  formatCost,
  formatCount,
  formatPoints,
  formatRange,
  formatSeconds,
  formatShare,
  NOTHING,
} from "src/parts/numbers";
import { comparePath, pagePath } from "src/parts/paths";
import { Ready } from "src/parts/Ready";
import { PageTitle, Section } from "src/parts/Section";
import { valueText } from "src/parts/values";
import { OnlyAccepted } from "src/pages/compare/OnlyAccepted";

type Comparison = Schemas["RunComparison"];

export function ComparePage() {
  const address = useAddress();
  const [a, b] = [address.get("a"), address.get("b")];
  return (
    <>
      <PageTitle title="Compare two runs" beside={<PageLink to={pagePath("runs", { a, b })}>Pick others</PageLink>} />
      {a && b ? (
        <ComparisonOf a={a} b={b} />
      ) : (
        <Empty title="Two runs are needed">
          Pick them in the table of <PageLink to={pagePath("runs")}>runs</PageLink>.
        </Empty>
      )}
    </>
  );
}

function ComparisonOf({ a, b }: { a: string; b: string }) {
  const query = api.useQuery("get", "/api/v1/runs/compare", { params: { query: { a, b } } });
  return (
    <Ready query={query} what="both runs">
      {(found) => (
        <>
          <Text mb={2}>{found.note}</Text>
          <Both found={found} />
          <Settings found={found} />
          <Stages found={found} />
          <Reasons found={found} />
          <Section title="Rows that only one accepted">
            <Text mb={3} color="fg.muted">
              {formatCount(found.shared_samples)} samples were drawn by both.
            </Text>
            <OnlyAccepted name="A" other="B" rows={found.only_a} />
            <OnlyAccepted name="B" other="A" rows={found.only_b} />
          </Section>
        </>
      )}
    </Ready>
  );
}

function Both({ found }: { found: Comparison }) {
  const runs: [string, Schemas["RunLine"]][] = [
    ["A", found.a],
    ["B", found.b],
  ];
  return (
    <Grid
      label="Both runs"
      rows={runs}
      rowKey={([name]) => name}
      columns={[
        { head: "Name", cell: ([name]) => <b>{name}</b> },
        { head: "Run", cell: ([, run]) => <RunLink run={run} /> },
        { head: "Id", cell: ([, run]) => <code>{run.run_id.slice(0, 8)}</code> },
        { head: "State", cell: ([, run]) => <StateBadge state={run.state} /> },
        { head: "Sampled", isNumber: true, cell: ([, run]) => formatCount(run.sampled) },
        { head: "Published", isNumber: true, cell: ([, run]) => formatCount(run.published) },
        { head: "Yield", isNumber: true, cell: ([, run]) => formatShare(run.kept_share.share) },
        {
          head: "95% interval",
          isNumber: true,
          cell: ([, run]) => formatRange(run.kept_share.low, run.kept_share.high),
        },
        { head: "Cost", isNumber: true, cell: ([, run]) => formatCost(run.cost_usd) },
        { head: "Per row", isNumber: true, cell: ([, run]) => formatCost(run.cost_usd_per_row) },
        { head: "Computing time", isNumber: true, cell: ([, run]) => formatSeconds(run.seconds) },
      ]}
    />
  );
}

function Settings({ found }: { found: Comparison }) {
  const exchanged = comparePath(found.b.run_id, found.a.run_id);
  return (
    <Section title="Settings that differ" beside={<PageLink to={exchanged}>Exchange A and B</PageLink>}>
      {found.settings.length === 0 ? (
        <Text color="fg.muted">None: both ran with the same settings.</Text>
      ) : (
        <Grid
          label="Settings that differ"
          rows={found.settings}
          rowKey={(one) => one.setting}
          columns={[
            { head: "Setting", cell: (one) => <code>{one.setting}</code> },
            { head: "A", cell: (one) => <Text overflowWrap="anywhere">{valueText(one.a)}</Text> },
            { head: "B", cell: (one) => <Text overflowWrap="anywhere">{valueText(one.b)}</Text> },
          ]}
        />
      )}
    </Section>
  );
}

function kept(share: Schemas["Share"] | null) {
  if (!share) return NOTHING;
  return (
    <Box whiteSpace="nowrap">
      {formatShare(share.share)}
      <Text fontSize="xs" color="fg.muted">
        {formatCount(share.part)} of {formatCount(share.whole)}
      </Text>
    </Box>
  );
}

/** A difference, heavy where its interval leaves out zero, and else said to be within chance. */
function Difference({ value, range, isClear }: { value: number | null; range?: string; isClear: boolean }) {
  if (value === null) return <>{NOTHING}</>;
  return (
    <Box whiteSpace="nowrap" fontWeight={isClear ? "semibold" : "normal"}>
      {formatPoints(value)}
      <Text fontSize="xs" color="fg.muted" fontWeight="normal">
        {range ?? ""} {isClear ? "" : "within chance"}
      </Text>
    </Box>
  );
}

function Stages({ found }: { found: Comparison }) {
  return (
    <Section title="Funnels">
      <Grid
        label="Funnels beside each other"
        rows={found.stages}
        rowKey={(one) => one.stage}
        isMarked={(one) => one.is_clear}
        columns={[
          { head: "Stage", cell: (one) => one.stage },
          { head: "A kept", isNumber: true, cell: (one) => kept(one.a) },
          { head: "B kept", isNumber: true, cell: (one) => kept(one.b) },
          {
            head: "B − A",
            isNumber: true,
            title: "with its 95% interval, after Newcombe",
            cell: (one) => (
              <Difference value={one.difference} range={formatRange(one.low, one.high)} isClear={one.is_clear} />
            ),
          },
          { head: "A unknown", isNumber: true, cell: (one) => formatCount(one.a_unknown) },
          { head: "B unknown", isNumber: true, cell: (one) => formatCount(one.b_unknown) },
          { head: "A cost", isNumber: true, cell: (one) => formatCost(one.a_cost_usd) },
          { head: "B cost", isNumber: true, cell: (one) => formatCost(one.b_cost_usd) },
          { head: "A time", isNumber: true, cell: (one) => formatSeconds(one.a_seconds) },
          { head: "B time", isNumber: true, cell: (one) => formatSeconds(one.b_seconds) },
        ]}
      />
    </Section>
  );
}

function Reasons({ found }: { found: Comparison }) {
  return (
    <Section title="Reasons that moved">
      {found.reasons.length === 0 ? (
        <Text color="fg.muted">Neither rejected anything.</Text>
      ) : (
        <Grid
          label="Reasons in both runs"
          rows={found.reasons}
          rowKey={(one) => `${one.stage} ${one.outcome} ${one.reason}`}
          isMarked={(one) => one.is_clear}
          columns={[
            { head: "Stage", cell: (one) => one.stage },
            {
              head: "Reason",
              width: "40%",
              cell: (one) => (
                <HStack gap={1} wrap="wrap">
                  <code>{one.reason}</code>
                  <Text color="fg.muted">
                    {one.outcome === "fail" ? "" : `(${one.outcome}) `}
                    {one.words}
                  </Text>
                </HStack>
              ),
            },
            { head: "A", isNumber: true, cell: (one) => kept(one.a) },
            { head: "B", isNumber: true, cell: (one) => kept(one.b) },
            {
              head: "B − A",
              isNumber: true,
              cell: (one) => <Difference value={one.difference} isClear={one.is_clear} />,
            },
          ]}
        />
      )}
    </Section>
  );
}
