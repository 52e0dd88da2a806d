/** Ablations: what each arm changes, and what the students of its rows score beside the reference. */

import { Box, Text } from "@chakra-ui/react";

import { api, type Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { DatasetLink, RunLink } from "src/parts/Links";
import { formatCount, formatPoints, formatPointsRange, formatRange, formatShare, NOTHING } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { Section } from "src/parts/Section";
import { WithRange } from "src/pages/scores/WithRange";

type Ablation = Schemas["AblationReport"];
type Cell = Ablation["results"][number];

/** The newest ablations, or those of a run; nothing where there are none. */
export function Ablations({ run }: { run?: string }) {
  const query = api.useQuery("get", "/api/v1/ablations", { params: { query: { run } } });
  if (query.data?.rows.length === 0) return null;
  return (
    <Ready query={query} what="the ablations">
      {({ rows, is_cut: isCut }) => (
        <>
          {rows.map((one) => (
            <AblationView key={one.ablation_id} ablation={one} />
          ))}
          {isCut ? <Text color="fg.muted">There are more ablations; the newest stand here.</Text> : null}
        </>
      )}
    </Ready>
  );
}

function AblationView({ ablation }: { ablation: Ablation }) {
  return (
    <Section title={`Ablation ${ablation.name}: ${ablation.title}`}>
      <Text color="fg.muted" mb={2}>
        {ablation.partition} {ablation.config}, ablation <code>{ablation.ablation_id.slice(0, 12)}</code>
        {ablation.source ? `; ${ablation.source}` : ""}
      </Text>
      <Arms ablation={ablation} />
      {ablation.results.length === 0 ? (
        <Text color="fg.muted" mt={2}>
          No student was scored yet.
        </Text>
      ) : (
        <Results ablation={ablation} />
      )}
    </Section>
  );
}

function Arms({ ablation }: { ablation: Ablation }) {
  return (
    <Grid
      label={`Arms of ${ablation.name}`}
      rows={ablation.arms}
      rowKey={(one) => one.arm}
      columns={[
        { head: "Arm", cell: (one) => `${one.arm}${one.arm === ablation.reference_arm ? " (the reference)" : ""}` },
        {
          head: "Changes",
          cell: (one) =>
            one.overrides.length === 0
              ? "nothing"
              : one.overrides.map((change) => (
                  <Box key={change} overflowWrap="anywhere">
                    <code>{change}</code>
                  </Box>
                )),
        },
        { head: "Run", cell: (one) => (one.run ? <RunLink run={one.run} /> : <Nowrap text="not planned yet" />) },
        { head: "Dataset", cell: (one) => <ArmDataset name={one.dataset} /> },
        { head: "Rows", isNumber: true, cell: (one) => formatCount(one.rows) },
      ]}
    />
  );
}

function ArmDataset({ name }: { name: string | null }) {
  const [dataset, version] = name?.split("/") ?? [];
  return dataset && version ? <DatasetLink dataset={dataset} version={version} /> : <Nowrap text="not made yet" />;
}

function Nowrap({ text }: { text: string }) {
  return (
    <Text as="span" whiteSpace="nowrap">
      {text}
    </Text>
  );
}

function Results({ ablation }: { ablation: Ablation }) {
  const noises = new Map(ablation.results.map((one) => [one.benchmark, one.noise]));
  const against = `${ablation.reference_arm}${ablation.reference_size === null ? "" : `, ${formatCount(ablation.reference_size)} rows`}`;
  return (
    <Box mt={3}>
      <Grid
        label={`Results of ${ablation.name}`}
        rows={ablation.results}
        rowKey={(one) => `${one.benchmark} ${one.arm} ${one.size ?? "all"}`}
        columns={[
          { head: "Benchmark", cell: (one) => one.benchmark },
          { head: "Arm", cell: (one) => one.arm },
          { head: "Rows", isNumber: true, cell: rowsText },
          { head: "Students", isNumber: true, cell: (one) => formatCount(one.students) },
          {
            head: "Right",
            isNumber: true,
            cell: (one) => (
              <WithRange value={formatShare(one.score)} range={formatRange(one.score_low, one.score_high)} />
            ),
          },
          {
            head: "Difference",
            title: `to ${against}, over the items that both decided`,
            isNumber: true,
            cell: (one) =>
              one.difference === null ? (
                NOTHING
              ) : (
                <WithRange
                  value={formatPoints(one.difference)}
                  range={formatPointsRange(one.difference_low, one.difference_high)}
                />
              ),
          },
          {
            head: "p, Holm",
            title: "exact McNemar test, corrected over the table",
            isNumber: true,
            cell: (one) => one.p_holm?.toPrecision(2) ?? NOTHING,
          },
          { head: "Verdict", cell: (one) => verdictText(one) },
        ]}
      />
      <Text color="fg.muted" fontSize="xs" mt={1}>
        Below figures their 95% intervals. Differences are to {against}.
        {ablation.base.map((one) => ` The base scores ${formatShare(one.score.share)} on ${one.benchmark}.`)}
        {[...noises].map(([benchmark, noise]) =>
          noise === null
            ? ""
            : ` Students of the same rows differ by themselves: by ${(100 * noise).toFixed(1)} points on ${benchmark}, as a standard deviation.`,
        )}
        {[...noises.values()].every((noise) => noise === null)
          ? " Each cell has one student, so how much training differs by itself is not known, and there is no verdict."
          : ""}
      </Text>
    </Box>
  );
}

function rowsText(cell: Cell): string {
  return cell.size === null ? `all: ${formatCount(cell.rows)}` : formatCount(cell.rows);
}

function verdictText(cell: Cell): string {
  return cell.verdict ?? (cell.p === null ? "the reference" : "not known");
}
