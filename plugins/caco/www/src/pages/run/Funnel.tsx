/** The funnel as a picture: a row a stage, bars to one scale, and every number a link to the samples that it counts. */

import { Box, Flex, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

import type { Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { PageLink } from "src/parts/Links";
import { NOTHING, formatCount, formatShare } from "src/parts/numbers";
import { samplesPath, type Filters } from "src/parts/paths";
import { ShareBar } from "src/parts/ShareBar";

type Stage = Schemas["FunnelStage"];

const REASONS_AT_ONCE = 4;

interface Props {
  runId: string;
  stages: readonly Stage[];
  hasSamples: boolean; // whether the run's rows can be looked at as samples
  only?: string; // a stage to show alone, at the scale of all
}

export function Funnel({ runId, stages, hasSamples, only }: Props) {
  const widest = Math.max(1, ...stages.map((stage) => stage.read));
  const counted = (stage: Stage, count: number, filters: Filters) => {
    if (stage.shards === 0) return NOTHING;
    return <CountLink count={count} filters={hasSamples ? { run: runId, stage: stage.stage, ...filters } : null} />;
  };
  return (
    <Grid
      label="Funnel"
      rows={only ? stages.filter((stage) => stage.stage === only) : [...stages]}
      rowKey={(stage) => stage.stage}
      columns={[
        { head: "Stage", cell: (stage) => <StageName stage={stage} /> },
        {
          head: "What became of what it read",
          width: "55%",
          cell: (stage) => (
            <StagePicture stage={stage} widest={widest} counted={(count, filters) => counted(stage, count, filters)} />
          ),
        },
        { head: "Read", isNumber: true, cell: (stage) => (stage.shards === 0 ? NOTHING : formatCount(stage.read)) },
        { head: "Passed", isNumber: true, cell: (stage) => (stage.shards === 0 ? NOTHING : formatCount(stage.passed)) },
        { head: "Failed", isNumber: true, cell: (stage) => counted(stage, stage.failed, { outcome: "fail" }) },
        { head: "Unknown", isNumber: true, cell: (stage) => counted(stage, stage.unknown, { outcome: "unknown" }) },
        {
          head: "Kept",
          isNumber: true,
          title: "of what the stage read",
          cell: (stage) => formatShare(stage.kept_share.share),
        },
        {
          head: "Of all",
          isNumber: true,
          title: "passed, of all that the first stage read",
          cell: (stage) => formatShare(stage.share_of_sampled),
        },
      ]}
    />
  );
}

function CountLink({ count, filters }: { count: number; filters: Filters | null }) {
  if (filters === null || count === 0) return <>{formatCount(count)}</>;
  return <PageLink to={samplesPath(filters)}>{formatCount(count)}</PageLink>;
}

function StageName({ stage }: { stage: Stage }) {
  const expected = stage.shards_expected ?? stage.shards;
  return (
    <>
      <Text fontWeight="medium">{stage.stage}</Text>
      <Text fontSize="xs" color="fg.muted" whiteSpace="nowrap">
        {stage.shards} of {expected} {expected === 1 ? "shard" : "shards"}
        {stage.reused > 0 ? `, ${stage.reused} reused` : ""}
      </Text>
    </>
  );
}

interface PictureProps {
  stage: Stage;
  widest: number;
  counted: (count: number, filters: Filters) => ReactNode;
}

function StagePicture({ stage, widest, counted }: PictureProps) {
  if (stage.shards === 0) return <Text color="fg.muted">not begun</Text>;
  const label =
    `${stage.stage}: ${formatCount(stage.read)} read, ${formatCount(stage.passed)} passed, ` +
    `${formatCount(stage.failed)} failed, ${formatCount(stage.unknown)} unknown`;
  const lines = stage.reasons.map((reason) => (
    <Flex key={`${reason.outcome} ${reason.reason}`} gap={2} fontSize="xs">
      <Box minW="12" flexShrink={0} textAlign="end">
        {reason.outcome === "recorded"
          ? formatCount(reason.records)
          : counted(reason.records, { outcome: reason.outcome, reason: reason.reason })}
      </Box>
      <Box>
        <code>{reason.reason}</code>{" "}
        <Text as="span" color="fg.muted">
          {reason.outcome === "fail" ? "" : `(${reason.outcome}) `}
          {reason.words}
        </Text>
      </Box>
    </Flex>
  ));
  return (
    <>
      <Box mt={1}>
        <ShareBar passed={stage.passed} failed={stage.failed} unknown={stage.unknown} whole={widest} label={label} />
      </Box>
      <Box mt={lines.length > 0 ? 1.5 : 0}>{lines.slice(0, REASONS_AT_ONCE)}</Box>
      {lines.length > REASONS_AT_ONCE ? (
        <details>
          <Box as="summary" fontSize="xs" color="fg.muted" cursor="pointer">
            {lines.length - REASONS_AT_ONCE} more
          </Box>
          {lines.slice(REASONS_AT_ONCE)}
        </details>
      ) : null}
    </>
  );
}
