/** Students beside their bases, the newest first. */

import { HStack, Text } from "@chakra-ui/react";

import { api, type Schemas } from "src/api/client";
import { Chart } from "src/parts/Chart";
import { Grid } from "src/parts/Grid";
import { DatasetLink, PageLink, RunLink } from "src/parts/Links";
import { Empty } from "src/parts/notices";
import { formatCount, formatPoints, formatPointsRange, formatRange, formatShare, NOTHING } from "src/parts/numbers";
import { scoresPath } from "src/parts/paths";
import { Ready } from "src/parts/Ready";
import { PageTitle, Section } from "src/parts/Section";
import { Ablations } from "src/pages/scores/Ablations";
import { WithRange } from "src/pages/scores/WithRange";

type Evaluation = Schemas["Evaluation"];

export function ScoresPage() {
  const query = api.useQuery("get", "/api/v1/scores");
  return (
    <>
      <PageTitle title="Scores">pass@1 of the greedy answers, of base and student on the same items.</PageTitle>
      <Ablations />
      <Ready query={query} what="the scores">
        {(history) =>
          history.rows.length === 0 ? (
            <Empty title="No student was scored yet">
              <PageLink to="/dags/caco_evaluate">caco_evaluate</PageLink> trains one on a dataset and scores it beside
              its base.
            </Empty>
          ) : (
            <>
              {history.rows.map((one) => (
                <EvaluationView key={one.run.run_id} evaluation={one} />
              ))}
              {history.is_cut ? <Text>There are more; the newest stand here.</Text> : null}
            </>
          )
        }
      </Ready>
    </>
  );
}

export function EvaluationView({ evaluation }: { evaluation: Evaluation }) {
  const { run, dataset } = evaluation;
  const [name = "", version = ""] = dataset?.split("/") ?? [];
  return (
    <Section
      title={`${run.partition} ${run.config}`}
      beside={<PageLink to={scoresPath(run.run_id)}>Items gained and lost</PageLink>}
    >
      <HStack gap={4} mb={2} wrap="wrap" color="fg.muted">
        <Text>
          Base {evaluation.base}, trained on{" "}
          {dataset ? <DatasetLink dataset={name} version={version} /> : "nothing yet"}
        </Text>
        <RunLink run={run}>its run</RunLink>
        {evaluation.is_complete ? null : <Text>not complete yet</Text>}
      </HStack>
      <BenchmarkScores scores={evaluation.benchmarks} />
    </Section>
  );
}

function BenchmarkScores({ scores }: { scores: Evaluation["benchmarks"] }) {
  if (scores.length === 0) return <Text color="fg.muted">Nothing was scored yet.</Text>;
  return (
    <Grid
      label="Scores by benchmark"
      rows={scores}
      rowKey={(one) => one.benchmark}
      columns={[
        { head: "Benchmark", cell: (one) => one.benchmark },
        { head: "Items", isNumber: true, cell: (one) => formatCount(one.items) },
        { head: "Base", isNumber: true, cell: (one) => <ShareWithRange share={one.base} /> },
        { head: "Student", isNumber: true, cell: (one) => <ShareWithRange share={one.student} /> },
        {
          head: "Gain",
          isNumber: true,
          cell: (one) => (
            <WithRange value={formatPoints(one.gain)} range={formatPointsRange(one.gain_low, one.gain_high)} />
          ),
        },
        { head: "p", isNumber: true, cell: (one) => (one.p === null ? NOTHING : one.p.toPrecision(2)) },
        { head: "Gained", isNumber: true, cell: (one) => formatCount(one.gained) },
        { head: "Lost", isNumber: true, cell: (one) => formatCount(one.lost) },
        {
          head: "pass@k, base and student",
          isNumber: true,
          cell: (one) =>
            one.k === null
              ? NOTHING
              : `@${one.k}: ${formatShare(one.base_pass_at_k)} and ${formatShare(one.student_pass_at_k)}`,
        },
        {
          head: "Unknown",
          isNumber: true,
          cell: (one) => `${formatCount(one.base_unknown)} and ${formatCount(one.student_unknown)}`,
        },
        {
          head: "Protected",
          title: "whether the dataset was held clear of its items",
          cell: (one) => (one.is_protected === null ? NOTHING : one.is_protected ? "yes" : "no"),
        },
      ]}
    />
  );
}

function ShareWithRange({ share }: { share: Schemas["Share"] | null }) {
  return share ? (
    <WithRange value={formatShare(share.share)} range={formatRange(share.low, share.high)} />
  ) : (
    <>{NOTHING}</>
  );
}

export function GainsPicture({ runId }: { runId: string }) {
  return <Chart name="score_gains" label="pass@1 of base and student with 95% intervals" run={runId} />;
}
