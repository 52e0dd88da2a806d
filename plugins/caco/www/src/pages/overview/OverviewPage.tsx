/** What one wants to know first: what runs now, how the last nights went, what failed, what waits for a person. */

import { Box, HStack, SimpleGrid, Text } from "@chakra-ui/react";

import { api, LIVE_MS, type Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { Chart } from "src/parts/Chart";
import { Figures } from "src/parts/Figures";
import { Grid } from "src/parts/Grid";
import { DatasetLink, PageLink, RunLink } from "src/parts/Links";
import { Empty } from "src/parts/notices";
import { formatBytes, formatCost, formatCount, formatSeconds, formatShare, formatTime } from "src/parts/numbers";
import { pagePath } from "src/parts/paths";
import { Ready } from "src/parts/Ready";
import { PageTitle, Section } from "src/parts/Section";
import { ShareBar } from "src/parts/ShareBar";

type Overview = Schemas["Overview"];

export function OverviewPage() {
  const query = api.useQuery(
    "get",
    "/api/v1/overview",
    {},
    {
      refetchInterval: (last) => (last.state.data && last.state.data.running.length > 0 ? LIVE_MS : 60_000),
    },
  );
  return (
    <>
      <PageTitle title="Caco" />
      <Ready query={query} what="the overview">
        {(found) => (
          <>
            {found.hint ? <Empty title="Nothing has been made yet">{found.hint}</Empty> : null}
            <Running runs={found.running} />
            <Failures failures={found.failures} />
            <Waiting found={found} />
            <Nights nights={found.nightly} />
          </>
        )}
      </Ready>
    </>
  );
}

function Running({ runs }: { runs: Overview["running"] }) {
  if (runs.length === 0) return <Text color="fg.muted">Nothing runs now.</Text>;
  return (
    <Section title="Running now">
      {runs.map(({ line, stages }) => (
        <Box key={line.run_id} borderWidth="1px" borderRadius="md" p={3} mb={3}>
          <HStack mb={2} wrap="wrap" gap={4}>
            <RunLink run={line} />
            <StateBadge state={line.state} />
            <Text color="fg.muted">
              {formatCount(line.outputs)}
              {line.outputs_expected === null ? "" : ` of ${formatCount(line.outputs_expected)}`} outputs
            </Text>
            {line.airflow ? <PageLink to={`/${line.airflow.path}`}>Airflow’s run</PageLink> : null}
          </HStack>
          <SimpleGrid minChildWidth="9rem" gap={3}>
            {stages.map((stage) => (
              <Box key={stage.stage} fontSize="xs" fontVariantNumeric="tabular-nums">
                <Text>{stage.stage}</Text>
                <ShareBar
                  passed={stage.shards}
                  whole={stage.shards_expected ?? Math.max(1, stage.shards)}
                  label={`${stage.stage}: ${stage.shards} of ${stage.shards_expected ?? "?"} shards`}
                />
                <Text color="fg.muted">
                  {stage.shards} of {stage.shards_expected ?? "?"} shards, {formatCount(stage.passed)} passed
                </Text>
              </Box>
            ))}
          </SimpleGrid>
        </Box>
      ))}
    </Section>
  );
}

function Failures({ failures }: { failures: Overview["failures"] }) {
  if (failures.length === 0) return null;
  return (
    <Section title="What failed">
      <Grid
        label="Failures"
        rows={failures}
        rowKey={(one, place) => `${place} ${one.what}`}
        columns={[
          { head: "When", cell: (one) => <Text whiteSpace="nowrap">{formatTime(one.at)}</Text> },
          { head: "Run", cell: (one) => (one.run ? <RunLink run={one.run} /> : "") },
          { head: "What", cell: (one) => one.what },
          { head: "Why", width: "60%", cell: (one) => <Text overflowWrap="anywhere">{one.sentence}</Text> },
          {
            head: "Airflow",
            cell: (one) => (one.airflow_path ? <PageLink to={`/${one.airflow_path}`}>log</PageLink> : ""),
          },
        ]}
      />
    </Section>
  );
}

function Waiting({ found }: { found: Overview }) {
  const dataset = found.newest_dataset;
  return (
    <Section title="Audits and datasets">
      <Figures
        facts={[
          [
            "Rows that wait for a person",
            <PageLink key="audits" to={pagePath("audit")}>
              {`${formatCount(found.audits_waiting)} in ${formatCount(found.audit_draws)} ${found.audit_draws === 1 ? "draw" : "draws"}`}
            </PageLink>,
          ],
          dataset !== null && [
            "Newest dataset",
            <HStack key="dataset">
              <DatasetLink {...dataset} />
              <StateBadge state={dataset.state} />
            </HStack>,
          ],
          dataset !== null && ["Its rows", formatCount(dataset.rows)],
          dataset !== null && ["Its size", formatBytes(dataset.bytes)],
        ]}
      />
    </Section>
  );
}

function Nights({ nights }: { nights: Overview["nightly"] }) {
  if (nights.length === 0) return null;
  return (
    <Section title="Nightly runs" beside={<PageLink to={pagePath("runs")}>All runs</PageLink>}>
      {nights.length > 1 ? (
        <SimpleGrid columns={{ base: 1, lg: 2 }} gap={6} mb={4}>
          <Chart name="yield_over_time" label="Yield of the nightly runs over time" />
          <Chart name="cost_over_time" label="Cost of the nightly runs over time" />
        </SimpleGrid>
      ) : null}
      <Grid
        label="Nightly runs"
        rows={nights}
        rowKey={(night) => night.run_id}
        columns={[
          { head: "Date", cell: (night) => <RunLink run={night}>{night.partition}</RunLink> },
          { head: "Config", cell: (night) => night.config },
          { head: "State", cell: (night) => <StateBadge state={night.state} /> },
          { head: "Sampled", isNumber: true, cell: (night) => formatCount(night.sampled) },
          { head: "Published", isNumber: true, cell: (night) => formatCount(night.published) },
          { head: "Yield", isNumber: true, cell: (night) => formatShare(night.kept_share.share) },
          { head: "Cost", isNumber: true, cell: (night) => formatCost(night.cost_usd) },
          { head: "Computing time", isNumber: true, cell: (night) => formatSeconds(night.seconds) },
        ]}
      />
    </Section>
  );
}
