/** What newer checks or settings say of a run's samples: from which end to which they moved, and which they are. */

import { Box, Text } from "@chakra-ui/react";

import { api, type Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { SampleLink } from "src/parts/Links";
import { formatCount, formatSeconds, formatTime, NOTHING } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { Section } from "src/parts/Section";

type Line = Schemas["ReverificationLine"];

export function Reverifications({ runId }: { runId: string }) {
  const query = api.useQuery("get", "/api/v1/runs/{run_id}/reverifications", { params: { path: { run_id: runId } } });
  return (
    <Section title="Re-verifications">
      <Ready query={query} what="the re-verifications">
        {(found) =>
          found.rows.length === 0 ? (
            <Text color="fg.muted">
              None yet. <code>caco reverify {runId.slice(0, 12)} --set K=V</code> judges what is stored again.
            </Text>
          ) : (
            <>
              {found.rows.map((line) => (
                <Reverification key={line.reverification_id} line={line} />
              ))}
            </>
          )
        }
      </Ready>
    </Section>
  );
}

function Reverification({ line }: { line: Line }) {
  const told = line.overrides.length > 0 ? line.overrides.join(", ") : `the checks of ${line.code_version}`;
  return (
    <Box mb={6} data-reverification={line.reverification_id}>
      <Text mb={2}>
        <b>{told}</b>, from {line.stage} on{line.only_unknown ? ", what was unknown alone" : ""}:{" "}
        {formatCount(line.newly_accepted)} newly accepted, {formatCount(line.newly_rejected)} newly rejected of{" "}
        {formatCount(line.read)}.{" "}
        <Text as="span" color="fg.muted">
          By {line.by}, {formatTime(line.began_at)}, {formatSeconds(line.seconds)}, {formatCount(line.model_calls)}{" "}
          model calls.
        </Text>
      </Text>
      {line.moves.length > 0 ? (
        <Grid
          label="What moved"
          rows={[...line.moves]}
          rowKey={(_, place) => String(place)}
          columns={[
            { head: "Ended at", cell: (move) => move.from_stage },
            { head: "Ended as", cell: (move) => <Reason name={move.from_reason} words={move.from_words} /> },
            { head: "Ends at", cell: (move) => move.to_stage },
            { head: "Ends as", cell: (move) => <Reason name={move.to_reason} words={move.to_words} /> },
            { head: "Samples", isNumber: true, cell: (move) => formatCount(move.samples) },
          ]}
        />
      ) : null}
      <Samples title="Newly accepted" rows={line.accepted} of={line.newly_accepted} />
      <Samples title="Newly rejected" rows={line.rejected} of={line.newly_rejected} />
    </Box>
  );
}

function Reason({ name, words }: { name: string | null; words: string | null }) {
  return <span title={words ?? undefined}>{name ?? "passed"}</span>;
}

function Samples({ title, rows, of }: { title: string; rows: readonly Schemas["MovedSample"][]; of: number }) {
  if (rows.length === 0) return null;
  const isExplained = rows.some((row) => row.to_detail !== null);
  return (
    <Box asChild mt={2}>
      <details>
        <Box as="summary" cursor="pointer" mb={1}>
          {title}: {rows.length < of ? `${rows.length} of ${formatCount(of)}, drawn by chance` : formatCount(of)}
        </Box>
        <Grid
          label={title}
          rows={[...rows]}
          rowKey={(row) => row.sample_id}
          columns={[
            { head: "Sample", cell: (row) => <SampleLink id={row.sample_id} /> },
            { head: "Was", cell: (row) => row.from_reason ?? "passed" },
            { head: "Is", cell: (row) => row.to_reason ?? "passed" },
            isExplained && {
              head: "Because",
              cell: (row) => (
                <Text minW="14rem" overflowWrap="anywhere">
                  {row.to_detail ?? NOTHING}
                </Text>
              ),
            },
          ]}
        />
      </details>
    </Box>
  );
}
