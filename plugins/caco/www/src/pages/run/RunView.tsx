/** What a run's page and the tab on Airflow's page show. */

import { Box, HStack, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { CopyButton } from "src/parts/CopyButton";
import { Figures } from "src/parts/Figures";
import { DatasetLink, ModelLink, PageLink, RunLink } from "src/parts/Links";
import { formatCost, formatCount, formatRange, formatSeconds, formatShare, formatTime } from "src/parts/numbers";
import { pagePath, samplesPath } from "src/parts/paths";
import { PageTitle, Section } from "src/parts/Section";
import { Funnel } from "src/pages/run/Funnel";
import { RunCosts } from "src/pages/run/RunCosts";
import { Diversity } from "src/pages/run/Diversity";
import { Reverifications } from "src/pages/run/Reverifications";
import { RunChecks } from "src/pages/run/RunChecks";
import { RunSettings } from "src/pages/run/RunSettings";
import { Ablations } from "src/pages/scores/Ablations";

export function RunView({ run, stage }: { run: Schemas["RunReport"]; stage?: string }) {
  const { line } = run;
  const isStage = run.stages.some((one) => one.stage === stage);
  const hasSamples = line.pipeline === "nightly";
  return (
    <>
      <PageTitle
        title={`${line.partition} ${line.config}${isStage ? `: ${stage ?? ""}` : ""}`}
        beside={
          <>
            {line.airflow ? <PageLink to={`/${line.airflow.path}`}>Airflow’s run</PageLink> : null}
            {hasSamples ? (
              <PageLink to={samplesPath({ run: line.run_id, stage: isStage ? stage : null })}>Samples</PageLink>
            ) : null}
            <PageLink to={pagePath("runs", { pipeline: line.pipeline, a: line.run_id })}>Compare with …</PageLink>
          </>
        }
      >
        <HStack gap={2} wrap="wrap">
          <StateBadge state={line.state} />
          <Text as="span">{line.pipeline} run</Text>
          <Text as="code" overflowWrap="anywhere">
            {line.run_id}
          </Text>
          <CopyButton text={line.run_id} />
          {run.is_live ? <Text as="span">looked at again every few seconds</Text> : null}
        </HStack>
      </PageTitle>
      {line.gate === "failed" && line.gate_sentence ? (
        <Box role="note" borderWidth="1px" borderColor="red.muted" borderRadius="md" p={3} mb={4}>
          <b>The gate did not let it pass.</b> {line.gate_sentence}
        </Box>
      ) : null}
      {isStage ? null : <RunFigures run={run} />}
      <Section title={isStage ? "This stage" : "Funnel"}>
        <Funnel runId={line.run_id} stages={run.stages} hasSamples={hasSamples} only={isStage ? stage : undefined} />
      </Section>
      <RunCosts stages={isStage ? run.stages.filter((one) => one.stage === stage) : run.stages} />
      {isStage ? null : (
        <>
          <RunChecks gate={run.gate} dryRun={run.dry_run} />
          <Ablations run={line.run_id} />
          {hasSamples ? <Reverifications runId={line.run_id} /> : null}
          {hasSamples ? <Diversity runId={line.run_id} /> : null}
          <RunSettings run={run} />
        </>
      )}
    </>
  );
}

function RunFigures({ run }: { run: Schemas["RunReport"] }) {
  const { line } = run;
  const hasSamples = line.pipeline === "nightly";
  return (
    <Figures
      facts={[
        hasSamples && [
          "Sampled",
          line.asked_samples === null || line.asked_samples === line.sampled
            ? formatCount(line.sampled)
            : `${formatCount(line.sampled)} of ${formatCount(line.asked_samples)}`,
        ],
        hasSamples && ["Published", formatCount(line.published)],
        hasSamples && [
          "Yield, with its 95% interval",
          `${formatShare(line.kept_share.share)} (${formatRange(line.kept_share.low, line.kept_share.high)})`,
        ],
        ["Unknown", formatCount(line.unknown)],
        ["Cost", formatCost(line.cost_usd)],
        hasSamples && ["Cost per published row", formatCost(line.cost_usd_per_row)],
        ["Computing time", formatSeconds(line.seconds)],
        ["Tokens", formatCount(line.tokens)],
        ["Outputs", outputsText(line)],
        ["Planned", formatTime(line.planned_at)],
        ["Newest output", formatTime(line.last_output_at)],
        run.model_id !== null && ["CodeGen", <ModelLink key="model" id={run.model_id} />],
        run.seed_run !== null && ["Seeds of", <RunLink key="seeds" run={run.seed_run} />],
        run.codegen_run !== null && ["CodeGen of", <RunLink key="codegen" run={run.codegen_run} />],
        line.dataset !== null && ["Dataset", <DatasetLink key="dataset" {...line.dataset} />],
        run.evaluations.length > 0 && [
          "Evaluated by",
          <HStack key="evaluations">
            {run.evaluations.map((one) => (
              <RunLink key={one.run_id} run={one} />
            ))}
          </HStack>,
        ],
      ]}
    />
  );
}

function outputsText(line: Schemas["RunLine"]): string {
  const expected = line.outputs_expected === null ? "" : ` of ${formatCount(line.outputs_expected)}`;
  const reused = line.reused > 0 ? `, ${formatCount(line.reused)} reused (${formatShare(line.reused_share)})` : "";
  return `${formatCount(line.outputs)}${expected}${reused}`;
}
