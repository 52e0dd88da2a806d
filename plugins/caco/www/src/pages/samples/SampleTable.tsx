/** The samples of a filter, as a table, or as a narrow list beside what is open. */

import { Box, Text } from "@chakra-ui/react";
import { useEffect } from "react";

import type { Schemas } from "src/api/client";
import { OutcomeBadge } from "src/parts/Badges";
import { withoutTurning } from "src/parts/bidi";
import type { AddressState } from "src/parts/filters";
import { Grid } from "src/parts/Grid";
import { SampleLink } from "src/parts/Links";
import { NOTHING, shortId, spacedWords } from "src/parts/numbers";

type Line = Schemas["SampleLine"];

interface Props {
  rows: Line[];
  address: AddressState;
  isNarrow: boolean;
}

export function SampleTable({ rows, address, isNarrow }: Props) {
  const at = address.get("open") ?? address.get("at");
  useEffect(() => {
    document.querySelector("[data-caco-pages] tr[data-marked]")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <Grid
      label="Samples"
      rows={rows}
      rowKey={(row) => row.sample_id}
      isMarked={(row) => row.sample_id === at}
      onRowClick={(row) => address.set({ open: row.sample_id, at: row.sample_id })}
      columns={
        isNarrow
          ? [{ head: "Sample", cell: (row) => <Narrow row={row} /> }]
          : [
              { head: "Sample", cell: (row) => <SampleLink id={row.sample_id} /> },
              { head: "Ended at", cell: (row) => row.stage },
              { head: "Outcome", cell: (row) => <Outcome row={row} /> },
              { head: "Problem or program", width: "45%", cell: (row) => <Title row={row} /> },
              { head: "Answer", cell: (row) => <Answer answer={row.answer} /> },
              { head: "Domain", cell: (row) => (row.domain === null ? NOTHING : spacedWords(row.domain)) },
              { head: "Difficulty", isNumber: true, cell: (row) => row.difficulty ?? NOTHING },
              {
                head: "Model",
                cell: (row) => <code title={row.model ?? undefined}>{row.model ? shortId(row.model) : NOTHING}</code>,
              },
            ]
      }
    />
  );
}

function Outcome({ row }: { row: Line }) {
  const why = [row.words, row.detail].filter((text) => text !== null).join(": ");
  return (
    <Box title={why} whiteSpace="nowrap">
      <OutcomeBadge outcome={row.outcome} /> {row.reason ? <code>{row.reason}</code> : null}
      {row.is_published ? (
        <Text as="span" fontSize="xs" color="fg.muted">
          published
        </Text>
      ) : null}
    </Box>
  );
}

function Title({ row }: { row: Line }) {
  if (row.title === null) return <Text color="fg.muted">{NOTHING}</Text>;
  return (
    <Text
      lineClamp={2}
      minW="14rem"
      overflowWrap="anywhere"
      fontFamily={row.title_of === "program" ? "mono" : undefined}
    >
      {withoutTurning(row.title)}
    </Text>
  );
}

function Answer({ answer }: { answer: string | null }) {
  return (
    <Text fontFamily="mono" fontSize="xs" truncate maxW="9rem" title={answer ?? undefined}>
      {withoutTurning(answer ?? NOTHING)}
    </Text>
  );
}

function Narrow({ row }: { row: Line }) {
  return (
    <>
      <OutcomeBadge outcome={row.outcome} />{" "}
      <Text as="span" fontSize="xs" color="fg.muted">
        {row.stage} {row.reason ?? ""}
      </Text>
      <Title row={row} />
    </>
  );
}
